import type { Palette } from "@/system/lineage/paint";
import { states } from "@/system/lineage/status";
import { stateMeta } from "../stateMeta";

/** The theme's colours as the canvas needs them: plain strings, read again when the theme changes. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const colourOf = (state: string) => value(stateMeta(state).colour.slice(6, -1));
  return {
    background: value("bg"), surface: value("bg-raised"), border: value("line-strong"), ink: value("ink"), text: value("text"),
    dim: value("text-dim"), faint: value("line-strong"), region: value("bg-sunken"), stale: value("stale"), failed: value("fail"),
    warn: value("skip"), ok: value("ok"), state: states.map(colourOf), soft: [], font: "'Inter Variable', system-ui, sans-serif",
  };
}

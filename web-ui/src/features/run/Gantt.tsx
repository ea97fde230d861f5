import { ActionIcon, Tooltip } from "@mantine/core";
import { IconZoomReset } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { Run, Step } from "@/api/types";
import { ganttModel, readView, writeView, zoomView, type GanttModel, type GanttView } from "@/system/gantt/model";
import { KeyName } from "@/ui/KeyName";
import { useKnownNow } from "@/ui/live";
import { StateIcon } from "@/ui/StateIcon";
import { GanttAxis } from "./GanttAxis";
import { GanttTrack } from "./GanttTrack";
import { sameStep, type SelectStep, type StepName } from "./stepOf";

const rowHeight = 28;
const maxRows = 11;

interface Props {
  run: Run; steps: Step[]; selected: StepName | undefined; select: SelectStep;
  /** The part of the time shown, as the address has it, and how to put another there. */
  zoom: string | undefined; setZoom: (zoom: string | undefined) => void;
}

/** Steps in topological order against time. Only the rows in view are in the page. */
export function Gantt({ run, steps, selected, select, zoom, setZoom }: Props) {
  const model = useModel(run, steps);
  const [zoomed, setZoomed] = useZoom(model.from, zoom, setZoom);
  const view = zoomed ?? { from: model.from, to: model.from + (model.to - model.from) * 1.02 };
  const scroller = useRef<HTMLDivElement>(null);
  useWheelZoom(scroller, view, model, setZoomed);
  const virtual = useVirtualizer({ count: model.rows.length, getScrollElement: () => scroller.current, estimateSize: () => rowHeight, overscan: 8 });
  useEffect(() => {
    const index = at(steps, selected);
    if (index >= 0) virtual.scrollToIndex(index);
    // Only a new selection scrolls; a step that changes must not move what someone looks at.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [selected?.key, selected?.partition]);
  const keys = (event: KeyboardEvent) => {
    const step = event.key === "j" || event.key === "ArrowDown" ? 1 : event.key === "k" || event.key === "ArrowUp" ? -1 : 0;
    const next = steps[at(steps, selected) + step];
    if (step !== 0 && next) {
      event.preventDefault();
      select(next);
    }
  };
  return (
    <section className="gantt" aria-label="Steps over time">
      <div className="gantt-head">
        <div className="gantt-label dim small">{steps.length.toLocaleString("en")} {steps.length === 1 ? "step" : "steps"}<span className="spacer" /><span className="faint wide-only" title="Hatched: it waits. Underlined: on the critical path. Thin: its work is done, its checks are not. Dashed: an earlier process that it shared with others. Shift and the wheel move along.">Ctrl + wheel zooms</span></div>
        <GanttAxis view={view} from={model.from} />
        <Tooltip label="Whole run"><ActionIcon size={22} aria-label="Show the whole run" style={{ visibility: zoomed ? "visible" : "hidden" }} onClick={() => setZoomed(undefined)}><IconZoomReset size={14} /></ActionIcon></Tooltip>
      </div>
      <div ref={scroller} className="gantt-rows" style={{ height: Math.min(maxRows, model.rows.length) * rowHeight }} tabIndex={0} role="listbox" aria-label="Steps" onKeyDown={keys}>
        <div style={{ height: virtual.getTotalSize(), position: "relative" }} role="presentation">
          {virtual.getVirtualItems().map((item) => {
            const row = model.rows[item.index]!;
            const step = steps[item.index]!;
            return (
              <div key={item.key} className="gantt-row" role="option" aria-selected={selected !== undefined && sameStep(step, selected)} aria-label={`${row.label}: ${step.status}`} style={{ transform: `translateY(${item.start}px)` }} onClick={() => select(step)}>
                <span className="gantt-label"><StateIcon state={step.status} size={13} progress={step.progress?.fraction ?? null} /><span className={`clip${row.critical ? " strong" : ""}`} title={row.label}><KeyName name={row.label} /></span></span>
                <GanttTrack row={row} step={step} view={view} now={model.to} live={model.live} select={select} />
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}

const at = (steps: Step[], selected: StepName | undefined) => (selected ? steps.findIndex((step) => sameStep(step, selected)) : -1);

/** What is zoomed to now; the address learns of it when the wheel has come to rest. */
function useZoom(origin: number, text: string | undefined, write: (text: string | undefined) => void) {
  const [zoomed, setZoomed] = useState(() => readView(text, origin));
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const set = useCallback((view: GanttView | undefined) => {
    setZoomed(view);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => write(view && writeView(view, origin)), 300);
  }, [origin, write]);
  return [zoomed, set] as const;
}

function useModel(run: Run, steps: Step[]): GanttModel {
  const live = run.ended_at === null;
  const tick = useKnownNow();
  const now = live ? tick : 0;
  const from = Date.parse(run.started_at ?? run.created_at);
  const to = run.ended_at ? Date.parse(run.ended_at) : null;
  return useMemo(() => ganttModel(steps, from, to, Math.max(now, from + 1000)), [steps, from, to, now]);
}

/** Ctrl and the wheel zoom at the pointer; shift and the wheel move along. */
function useWheelZoom(scroller: React.RefObject<HTMLDivElement | null>, view: GanttView, model: GanttModel, set: (view: GanttView | undefined) => void) {
  const latest = useRef({ view, model });
  useEffect(() => {
    latest.current = { view, model };
  });
  useEffect(() => {
    const element = scroller.current;
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;
      event.preventDefault();
      const track = element?.querySelector(".gantt-track")?.getBoundingClientRect();
      if (!track) return;
      const current = latest.current;
      const bounds = { from: current.model.from, to: current.model.from + (current.model.to - current.model.from) * 1.02 };
      const span = current.view.to - current.view.from;
      if (event.shiftKey) {
        const from = Math.min(Math.max(bounds.from, current.view.from + ((event.deltaY || event.deltaX) / track.width) * span), bounds.to - span);
        return set({ from, to: from + span });
      }
      const at = current.view.from + ((event.clientX - track.left) / track.width) * span;
      set(zoomView(current.view, at, Math.exp(event.deltaY * 0.002), bounds));
    };
    element?.addEventListener("wheel", wheel, { passive: false });
    return () => element?.removeEventListener("wheel", wheel);
  }, [scroller, set]);
}

import { cardHeight, cardWidth, nodesIn, type LineageGraph } from "./graph";
import { blocksBelow, detailOf, visibleBox, type Camera, type Detail, type Size } from "./camera";
import { paintCards, paintChips, paintDots } from "./paintNodes";
import { paintGroupBack, paintGroupFront } from "./paintGroups";
import type { Health, NodeStates } from "./status";

/** Colours by role, read from the page's theme. `state` is in the order of `states`. */
export interface Palette {
  background: string; surface: string; border: string; ink: string; text: string; dim: string; faint: string; region: string;
  stale: string; failed: string; warn: string; ok: string; state: string[]; soft: string[]; font: string;
}

export interface Scene {
  graph: LineageGraph;
  nodes: NodeStates;
  health: Health[];
  failure: Uint8Array;
  /** 1 for what stays bright; null when nothing is selected or hovered. */
  focus: Uint8Array | null;
  selected: number;
  hovered: number;
  /** Text in a card's lower right corner, by node index: when it was last materialized. */
  notes: (index: number) => string;
  /** Turn of the running rings, in radians; 0 under reduced motion. */
  spin: number;
}

export interface Brush { ctx: CanvasRenderingContext2D; scene: Scene; camera: Camera; size: Size; palette: Palette; visible: number[]; detail: Detail; blocks: boolean }

/** Draws one frame. `ratio` is device pixels per CSS pixel. Returns how many nodes were drawn. */
export function paint(ctx: CanvasRenderingContext2D, scene: Scene, camera: Camera, size: Size, ratio: number, palette: Palette): number {
  const visible = nodesIn(scene.graph, visibleBox(camera, size));
  const brush: Brush = { ctx, scene, camera, size, palette, visible, detail: detailOf(camera), blocks: camera.k < blocksBelow && scene.graph.input.groups.length > 1 };
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.fillStyle = palette.background;
  ctx.fillRect(0, 0, size.width, size.height);
  ctx.setTransform(ratio * camera.k, 0, 0, ratio * camera.k, ratio * (size.width / 2 - camera.x * camera.k), ratio * (size.height / 2 - camera.y * camera.k));
  paintGroupBack(brush);
  paintEdges(brush);
  if (brush.detail === "near") paintCards(brush);
  else if (brush.detail === "middle") paintChips(brush);
  else paintDots(brush);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  paintGroupFront(brush);
  return visible.length;
}

// Above this many edges the far view draws one line per pair of groups instead of every edge.
const farEdgeLimit = 5_000;

function paintEdges(brush: Brush) {
  const { ctx, scene, camera, palette } = brush;
  const edges = scene.graph.input.edges;
  const bundled = brush.detail === "far" && (brush.blocks || edges.length > farEdgeLimit);
  const quiet: number[] = [];
  const bright: number[] = [];
  const red: number[] = [];
  const box = visibleBox(camera, brush.size);
  const { xs, ys } = scene.graph;
  for (let e = 0; e < edges.length; e++) {
    const [from, to] = edges[e]!;
    if (Math.max(xs[from]!, xs[to]!) < box.x0 || Math.min(xs[from]!, xs[to]!) > box.x1) continue;
    if (Math.max(ys[from]!, ys[to]!) < box.y0 || Math.min(ys[from]!, ys[to]!) > box.y1) continue;
    const lit = scene.focus !== null && scene.focus[from] === 1 && scene.focus[to] === 1;
    if (scene.failure[e] && (scene.focus === null ? !bundled : lit)) red.push(e);
    else if (lit) bright.push(e);
    else if (!bundled) quiet.push(e);
  }
  const width = 1 / camera.k;
  if (bundled) paintBundles(brush);
  stroke(brush, quiet, palette.faint, 1.2 * width, scene.focus ? 0.25 : brush.detail === "far" ? 0.45 : 0.9);
  stroke(brush, bright, palette.ink, 1.5 * width, 1);
  stroke(brush, red, palette.failed, 1.8 * width, 1);
  ctx.globalAlpha = 1;
}

function stroke(brush: Brush, list: number[], colour: string, width: number, alpha: number) {
  if (list.length === 0) return;
  const { ctx, scene } = brush;
  const { xs, ys, input } = scene.graph;
  const straight = list.length > 4_000;
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.beginPath();
  for (const e of list) {
    const [from, to] = input.edges[e]!;
    const x0 = xs[from]! + cardWidth / 2, y0 = ys[from]!;
    const x1 = xs[to]! - cardWidth / 2, y1 = ys[to]!;
    ctx.moveTo(x0, y0);
    if (straight) ctx.lineTo(x1, y1);
    else {
      const bend = Math.max(30, Math.abs(x1 - x0) * 0.5);
      ctx.bezierCurveTo(x0 + bend, y0, x1 - bend, y1, x1, y1);
    }
  }
  ctx.stroke();
}

function paintBundles(brush: Brush) {
  const { ctx, scene, camera, palette } = brush;
  const { groups } = scene.graph.input;
  ctx.strokeStyle = palette.faint;
  ctx.globalAlpha = scene.focus ? 0.25 : 0.8;
  for (const [from, to, count] of scene.graph.groupEdges) {
    const a = groups[from]!, b = groups[to]!;
    const x0 = a.x + a.width, y0 = a.y + a.height / 2, x1 = b.x, y1 = b.y + b.height / 2;
    // Groups that stand above one another would need a loop: their nearness says enough.
    if (x1 <= x0) continue;
    const bend = Math.max(60, Math.abs(x1 - x0) * 0.5);
    ctx.lineWidth = Math.min(5, 0.8 + Math.log2(count) * 0.4) / camera.k;
    ctx.beginPath();
    ctx.moveTo(x0, y0);
    ctx.bezierCurveTo(x0 + bend, y0, x1 - bend, y1, x1, y1);
    ctx.stroke();
  }
}

export function roundedBox(ctx: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, radius: number) {
  ctx.roundRect(x, y, width, height, Math.min(radius, height / 2, width / 2));
}

export const cardBox = (graph: LineageGraph, i: number) => ({
  x: graph.xs[i]! - cardWidth / 2, y: graph.ys[i]! - cardHeight / 2, width: cardWidth, height: cardHeight,
});

import { cardHeight, cardWidth, type Box, type LineageGraph } from "./graph";

/** World point in the middle of the screen, and pixels per world unit. */
export interface Camera { x: number; y: number; k: number }
export interface Size { width: number; height: number }
/** far: groups as regions; middle: chips; near: cards. */
export type Detail = "far" | "middle" | "near";

export const maxZoom = 1.6;
// Below this, nodes are too small to tell apart: groups are drawn as blocks of health.
export const blocksBelow = 0.09;
const nearFrom = 0.62;
const middleFrom = 0.3;

export const detailOf = (camera: Camera): Detail => (camera.k >= nearFrom ? "near" : camera.k >= middleFrom ? "middle" : "far");

export const toWorld = (camera: Camera, size: Size, px: number, py: number) => ({
  x: camera.x + (px - size.width / 2) / camera.k,
  y: camera.y + (py - size.height / 2) / camera.k,
});
export const toScreen = (camera: Camera, size: Size, x: number, y: number) => ({
  x: (x - camera.x) * camera.k + size.width / 2,
  y: (y - camera.y) * camera.k + size.height / 2,
});
export function visibleBox(camera: Camera, size: Size): Box {
  const w = size.width / 2 / camera.k;
  const h = size.height / 2 / camera.k;
  return { x0: camera.x - w, y0: camera.y - h, x1: camera.x + w, y1: camera.y + h };
}

export const pan = (camera: Camera, dx: number, dy: number): Camera => ({ ...camera, x: camera.x - dx / camera.k, y: camera.y - dy / camera.k });

/** Zooms by `factor` while the world point under (px, py) stays where it is. */
export function zoomAt(camera: Camera, size: Size, px: number, py: number, factor: number, minZoom: number): Camera {
  const k = Math.min(maxZoom, Math.max(minZoom, camera.k * factor));
  const fixed = toWorld(camera, size, px, py);
  return { k, x: fixed.x - (px - size.width / 2) / k, y: fixed.y - (py - size.height / 2) / k };
}

/** Shows `box` whole, with `margin` pixels around it and never closer than 1:1. */
export function fit(box: Box, size: Size, margin = 56): Camera {
  const width = Math.max(1, box.x1 - box.x0);
  const height = Math.max(1, box.y1 - box.y0);
  const k = Math.min(1, Math.max(20, size.width - 2 * margin) / width, Math.max(20, size.height - 2 * margin) / height);
  return { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2, k };
}

/** The furthest out one may go: a little more than the whole graph. */
export const minZoomOf = (graph: LineageGraph, size: Size) => Math.min(0.3, fit(graph.bounds, size).k * 0.7);

/** The box around some nodes' cards. */
export function boxOf(graph: LineageGraph, nodes: Iterable<number>): Box {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (const i of nodes) {
    box.x0 = Math.min(box.x0, graph.xs[i]! - cardWidth / 2);
    box.x1 = Math.max(box.x1, graph.xs[i]! + cardWidth / 2);
    box.y0 = Math.min(box.y0, graph.ys[i]! - cardHeight / 2);
    box.y1 = Math.max(box.y1, graph.ys[i]! + cardHeight / 2);
  }
  return box.x0 === Infinity ? graph.bounds : box;
}

/** `x,y,zoom` in the address, and back; undefined if it is not three numbers. */
export const writeCamera = (camera: Camera) => `${Math.round(camera.x)},${Math.round(camera.y)},${camera.k.toFixed(3)}`;
export function readCamera(text: string | undefined): Camera | undefined {
  const [x, y, k] = (text ?? "").split(",").map(Number);
  if (![x, y, k].every((n) => Number.isFinite(n)) || !k || k <= 0 || k > maxZoom) return undefined;
  return { x: x!, y: y!, k };
}

import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef, type PointerEvent, type RefObject } from "react";
import type { Lineage, LineageStatus } from "@/api/types";
import { visibleBox } from "@/system/lineage/camera";
import { buildGraph } from "@/system/lineage/graph";
import { decodeStatus } from "@/system/lineage/status";
import type { LineageHandle } from "@/ui/lineage/LineageCanvas";
import { readPalette } from "@/ui/lineage/palette";
import { useFrames } from "@/ui/clock";
import { useCallback } from "react";

const width = 176;
const height = 108;

/** The graph itself comes first. Returns the way to call it off. */
function whenIdle(act: () => void): () => void {
  const id = requestIdleCallback(act, { timeout: 300 });
  return () => cancelIdleCallback(id);
}

/** The whole graph in a corner; drag the frame in it to move. */
export function Minimap({ handle, lineage, status }: { handle: RefObject<LineageHandle | null>; lineage: Lineage; status?: LineageStatus }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme();
  const bounds = useRef({ x: 0, y: 0, scale: 1 });
  useEffect(() => whenIdle(() => {
    const graph = buildGraph(lineage);
    const scale = Math.min((width - 8) / (graph.bounds.x1 - graph.bounds.x0), (height - 8) / (graph.bounds.y1 - graph.bounds.y0));
    const x = graph.bounds.x0 - (width / scale - (graph.bounds.x1 - graph.bounds.x0)) / 2;
    const y = graph.bounds.y0 - (height / scale - (graph.bounds.y1 - graph.bounds.y0)) / 2;
    bounds.current = { x, y, scale };
    const nodes = status ? decodeStatus(graph, status) : null;
    const palette = readPalette();
    const ctx = canvas.current!.getContext("2d")!;
    ctx.setTransform(2, 0, 0, 2, 0, 0);
    ctx.clearRect(0, 0, width, height);
    for (let i = 0; i < graph.count; i++) {
      ctx.fillStyle = nodes ? palette.state[nodes.state[i]!]! : palette.border;
      ctx.fillRect((graph.xs[i]! - 110 - x) * scale, (graph.ys[i]! - 36 - y) * scale, Math.max(1, 220 * scale), Math.max(1, 72 * scale));
    }
  }), [lineage, status, scheme]);
  const place = useCallback(() => {
    const current = handle.current?.current();
    if (!current || !frame.current) return;
    const box = visibleBox(current.camera, current.size);
    const { x, y, scale } = bounds.current;
    const left = Math.max(0, (box.x0 - x) * scale), top = Math.max(0, (box.y0 - y) * scale);
    const right = Math.min(width, (box.x1 - x) * scale), bottom = Math.min(height, (box.y1 - y) * scale);
    frame.current.style.cssText = `left:${left}px;top:${top}px;width:${Math.max(4, right - left)}px;height:${Math.max(4, bottom - top)}px`;
  }, [handle]);
  useFrames(true, place);
  const jump = (event: PointerEvent<HTMLDivElement>) => {
    if (event.buttons !== 1) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const box = event.currentTarget.getBoundingClientRect();
    const { x, y, scale } = bounds.current;
    handle.current?.jump(x + (event.clientX - box.left) / scale, y + (event.clientY - box.top) / scale);
  };
  return (
    <div className="lineage-minimap wide-only" onPointerDown={jump} onPointerMove={jump} aria-hidden>
      <canvas ref={canvas} width={width * 2} height={height * 2} style={{ width, height, display: "block" }} />
      <div ref={frame} className="lineage-minimap-frame" />
    </div>
  );
}

import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useImperativeHandle, useMemo, useRef, useState, type Ref } from "react";
import type { Lineage, LineageStatus } from "@/api/types";
import { boxOf, fit, type Camera, type Size } from "@/system/lineage/camera";
import { buildGraph, type LineageGraph } from "@/system/lineage/graph";
import { decodeStatus, emptyStates, failedNodes, states, type NodeStates } from "@/system/lineage/status";
import { CanvasView } from "./canvasView";
import { readPalette } from "./palette";
import { attachPointer } from "./pointer";
import { stateMeta } from "../stateMeta";

export interface LineageHandle {
  zoom(factor: number): void;
  fit(): void;
  show(keys: string[]): void;
  jump(x: number, y: number): void;
  image(): Promise<Blob | null>;
  current(): { graph: LineageGraph; camera: Camera; size: Size } | null;
}

interface Props {
  lineage: Lineage;
  status: LineageStatus | undefined;
  selected?: string;
  camera?: Camera;
  notes?: (key: string) => string;
  onSelect: (key: string | undefined) => void;
  onOpen: (key: string) => void;
  onMoved?: (camera: Camera) => void;
  handle?: Ref<LineageHandle>;
}

// More names than this in a list help nobody; the catalog and the search are the way then.
const spokenLimit = 200;
// States come a moment after the layout: no flash of grey, no jump to a failure, unless they take this long.
const knownWithinMs = 250;
// Further out names cannot be read.
const readable = 0.3;
const nearby = 0.5;

/** The daemon's layout on a canvas, with live states. React owns the frame around it, never the nodes. */
export function LineageCanvas(props: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<CanvasView | null>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const graph = useMemo(() => buildGraph(props.lineage), [props.lineage]);
  const nodes = useMemo(
    () => (props.status && props.status.version === props.lineage.version ? decodeStatus(graph, props.status) : emptyStates(graph)),
    [graph, props.status, props.lineage.version],
  );
  const scheme = useComputedColorScheme();
  useView(canvas, box, view, latest, graph);
  useEffect(() => view.current?.setPalette(readPalette()), [scheme]);
  useEffect(() => view.current?.setStates(nodes), [nodes]);
  useEffect(() => view.current?.setSelected(props.selected === undefined ? -1 : (graph.indexOf.get(props.selected) ?? -1)), [graph, props.selected]);
  const { notes } = props;
  useEffect(() => view.current?.setNotes((i) => notes?.(graph.input.nodes[i]!.key) ?? ""), [graph, notes]);
  useFirstCamera(view, graph, nodes, props.status !== undefined, props.camera, props.selected);
  useImperativeHandle(props.handle, () => handleOf(view, canvas), []);
  const shown = useLate(knownWithinMs) || props.status !== undefined;
  return (
    <div ref={box} style={{ position: "absolute", inset: 0, overflow: "hidden", visibility: shown ? undefined : "hidden" }}>
      <canvas ref={canvas} style={{ width: "100%", height: "100%", display: "block", touchAction: "none" }} role="img" aria-label={`Lineage of ${graph.count} assets`} />
      <Spoken graph={graph} nodes={nodes} />
    </div>
  );
}

/** True once so much time has passed. */
function useLate(ms: number): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return late;
}

/** What the canvas shows, in words, for those who do not see it. */
function Spoken({ graph, nodes }: { graph: LineageGraph; nodes: NodeStates }) {
  if (graph.count > spokenLimit) return null;
  return (
    <ul className="visually-hidden" aria-label="Assets in this view" data-testid="lineage-nodes">
      {graph.input.nodes.map((node, i) => {
        const state = states[nodes.state[i]!]!;
        return <li key={node.key} data-key={node.key} data-state={state}>{node.key}: {stateMeta(state).label}{nodes.stale[i] ? ", stale" : ""}</li>;
      })}
    </ul>
  );
}

type ViewRef = React.RefObject<CanvasView | null>;

function useView(
  canvas: React.RefObject<HTMLCanvasElement | null>, box: React.RefObject<HTMLDivElement | null>, view: ViewRef,
  latest: React.RefObject<Props>, graph: LineageGraph,
) {
  useEffect(() => {
    const keyOf = (index: number) => current.graph.input.nodes[index]?.key;
    const current = new CanvasView(canvas.current!, graph, readPalette(), {
      select: (index) => latest.current.onSelect(keyOf(index)),
      open: (index) => latest.current.onOpen(keyOf(index)!),
      group: (index) => {
        const group = current.graph.input.groups[index]!;
        current.moveTo(fit({ x0: group.x, y0: group.y, x1: group.x + group.width, y1: group.y + group.height }, current.size));
      },
      moved: (camera) => latest.current.onMoved?.(camera),
    });
    view.current = current;
    const measure = () => current.resize({ width: box.current!.clientWidth || 1, height: box.current!.clientHeight || 1 });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box.current!);
    void document.fonts.ready.then(() => current.draw());
    const detach = attachPointer(current);
    return () => {
      detach();
      observer.disconnect();
      current.destroy();
      view.current = null;
    };
    // The view lives as long as the canvas; a new graph is handed to it below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  useEffect(() => {
    if (view.current && view.current.graph !== graph) view.current.setGraph(graph);
  }, [graph, view]);
}

/** Once per graph: where the address says, else what is selected or failing, else everything. */
function useFirstCamera(view: ViewRef, graph: LineageGraph, nodes: NodeStates, known: boolean, wanted: Camera | undefined, selected: string | undefined) {
  const placed = useRef<{ graph: LineageGraph; known: boolean } | null>(null);
  useEffect(() => {
    const current = view.current;
    if (!current || graph.count === 0) return;
    const before = placed.current;
    if (before?.graph === graph && (before.known || !known)) return;
    const first = before === null;
    // A new layout version of the same view keeps the place; the first statuses may still move the first view to a failure.
    if (!first && before.graph !== graph && sameNodes(before.graph, graph)) return void (placed.current = { graph, known: true });
    const failed = known ? failedNodes(nodes) : [];
    placed.current = { graph, known };
    if (wanted && first) return current.place(wanted);
    if (wanted && before?.graph === graph) return;
    const whole = fit(graph.bounds, current.size);
    const chosen = selected === undefined ? undefined : graph.indexOf.get(selected);
    const look = chosen !== undefined && whole.k < readable ? { x: graph.xs[chosen]!, y: graph.ys[chosen]!, k: nearby } : failed.length > 0 && whole.k < readable ? failureView(graph, failed, current.size) : whole;
    if (first || before.graph !== graph || failed.length > 0) current.place(look);
  }, [view, graph, nodes, known, wanted, selected]);
}

/** The first failures together, or where they are too far apart to be read the first alone, in the middle. */
function failureView(graph: LineageGraph, failed: number[], size: Size): Camera {
  const together = fit(boxOf(graph, failed.slice(0, 12)), size, 120);
  return together.k >= readable ? together : { x: graph.xs[failed[0]!]!, y: graph.ys[failed[0]!]!, k: nearby };
}

const sameNodes = (a: LineageGraph, b: LineageGraph) => a.count === b.count && a.input.nodes.every((node, i) => node.key === b.input.nodes[i]!.key);

function handleOf(view: ViewRef, canvas: React.RefObject<HTMLCanvasElement | null>): LineageHandle {
  return {
    zoom: (factor) => view.current?.zoom(factor),
    fit: () => view.current && view.current.moveTo(fit(view.current.graph.bounds, view.current.size)),
    show: (keys) => {
      const current = view.current;
      if (!current) return;
      const found = keys.map((key) => current.graph.indexOf.get(key)).filter((i) => i !== undefined);
      if (found.length > 0) current.moveTo(fit(boxOf(current.graph, found), current.size, 100));
    },
    jump: (x, y) => view.current?.moveTo({ ...view.current.camera, x, y }, false),
    image: () => new Promise((done) => (canvas.current ? canvas.current.toBlob(done) : done(null))),
    current: () => view.current && { graph: view.current.graph, camera: view.current.camera, size: view.current.size },
  };
}


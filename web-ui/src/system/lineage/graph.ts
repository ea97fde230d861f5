/** A lineage as flat arrays, made once per layout version: positions, adjacency and a grid to find things by place. */

export const cardWidth = 220;
export const cardHeight = 72;
const cell = 640;

export interface LineageInput {
  nodes: { key: string; x: number; y: number; group: string | null; kinds: string[]; external: boolean }[];
  edges: [number, number][];
  groups: { name: string; x: number; y: number; width: number; height: number; nodes: number[] }[];
}
export interface Box { x0: number; y0: number; x1: number; y1: number }

export interface LineageGraph {
  input: LineageInput;
  count: number;
  xs: Float32Array;
  ys: Float32Array;
  parents: number[][];
  children: number[][];
  indexOf: Map<string, number>;
  bounds: Box;
  grid: Map<number, number[]>;
  /** The group of each node, -1 without one. */
  groupOf: Int32Array;
  /** [from group, to group, number of edges], for the far view. */
  groupEdges: [number, number, number][];
}

const graphs = new WeakMap<LineageInput, LineageGraph>();

/** The graph of a layout; made once, for the canvas and the minimap alike. */
export function buildGraph(input: LineageInput): LineageGraph {
  let graph = graphs.get(input);
  if (!graph) graphs.set(input, (graph = build(input)));
  return graph;
}

function build(input: LineageInput): LineageGraph {
  const count = input.nodes.length;
  const xs = Float32Array.from(input.nodes, (node) => node.x);
  const ys = Float32Array.from(input.nodes, (node) => node.y);
  const parents: number[][] = Array.from({ length: count }, () => []);
  const children: number[][] = Array.from({ length: count }, () => []);
  for (const [from, to] of input.edges) {
    parents[to]?.push(from);
    children[from]?.push(to);
  }
  const groupOf = new Int32Array(count).fill(-1);
  input.groups.forEach((group, g) => group.nodes.forEach((node) => (groupOf[node] = g)));
  const indexOf = new Map(input.nodes.map((node, index) => [node.key, index]));
  return {
    input, count, xs, ys, parents, children, indexOf, bounds: boundsOf(input, xs, ys), grid: buildGrid(xs, ys), groupOf, groupEdges: groupEdges(input, groupOf),
  };
}

function boundsOf(input: LineageInput, xs: Float32Array, ys: Float32Array): Box {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  const add = (x0: number, y0: number, x1: number, y1: number) => {
    box.x0 = Math.min(box.x0, x0);
    box.y0 = Math.min(box.y0, y0);
    box.x1 = Math.max(box.x1, x1);
    box.y1 = Math.max(box.y1, y1);
  };
  xs.forEach((x, i) => add(x - cardWidth / 2, ys[i]! - cardHeight / 2, x + cardWidth / 2, ys[i]! + cardHeight / 2));
  for (const group of input.groups) add(group.x, group.y, group.x + group.width, group.y + group.height);
  return xs.length === 0 ? { x0: 0, y0: 0, x1: 1, y1: 1 } : box;
}

const cellId = (column: number, row: number) => (column + 0x4000) * 0x8000 + (row + 0x4000);

function buildGrid(xs: Float32Array, ys: Float32Array): Map<number, number[]> {
  const grid = new Map<number, number[]>();
  xs.forEach((x, i) => {
    const id = cellId(Math.floor(x / cell), Math.floor(ys[i]! / cell));
    const list = grid.get(id);
    if (list) list.push(i);
    else grid.set(id, [i]);
  });
  return grid;
}

function groupEdges(input: LineageInput, groupOf: Int32Array): [number, number, number][] {
  const counts = new Map<number, number>();
  const size = input.groups.length;
  for (const [from, to] of input.edges) {
    const a = groupOf[from] ?? -1;
    const b = groupOf[to] ?? -1;
    if (a >= 0 && b >= 0 && a !== b) counts.set(a * size + b, (counts.get(a * size + b) ?? 0) + 1);
  }
  return [...counts].map(([pair, n]) => [Math.floor(pair / size), pair % size, n]);
}

/** Indices of the nodes whose cards touch `box`. */
export function nodesIn(graph: LineageGraph, box: Box): number[] {
  const found: number[] = [];
  const x0 = box.x0 - cardWidth / 2, x1 = box.x1 + cardWidth / 2;
  const y0 = box.y0 - cardHeight / 2, y1 = box.y1 + cardHeight / 2;
  const columns = [Math.floor(x0 / cell), Math.floor(x1 / cell)] as const;
  const rows = [Math.floor(y0 / cell), Math.floor(y1 / cell)] as const;
  const take = (list: number[]) => {
    for (const i of list) if (graph.xs[i]! >= x0 && graph.xs[i]! <= x1 && graph.ys[i]! >= y0 && graph.ys[i]! <= y1) found.push(i);
  };
  // A view of nearly everything visits the filled cells rather than the empty ones between them.
  if ((columns[1] - columns[0] + 1) * (rows[1] - rows[0] + 1) > graph.grid.size) for (const list of graph.grid.values()) take(list);
  else {
    for (let column = columns[0]; column <= columns[1]; column++) {
      for (let row = rows[0]; row <= rows[1]; row++) take(graph.grid.get(cellId(column, row)) ?? []);
    }
  }
  return found;
}

/** The node whose card covers the point, or -1. */
export function nodeAt(graph: LineageGraph, x: number, y: number): number {
  return nodesIn(graph, { x0: x, y0: y, x1: x, y1: y }).at(-1) ?? -1;
}

/** The index of the smallest group region around the point, or -1. */
export function groupAt(graph: LineageGraph, x: number, y: number): number {
  let best = -1;
  graph.input.groups.forEach((group, g) => {
    const inside = x >= group.x && x <= group.x + group.width && y >= group.y && y <= group.y + group.height;
    const area = group.width * group.height;
    if (inside && (best < 0 || area < graph.input.groups[best]!.width * graph.input.groups[best]!.height)) best = g;
  });
  return best;
}

/** `start` with everything it comes from and everything that comes from it: 1 marks a node. */
export function ancestry(graph: LineageGraph, start: number): Uint8Array {
  const mark = new Uint8Array(graph.count);
  mark[start] = 1;
  for (const next of [graph.parents, graph.children]) {
    const stack = [start];
    const seen = new Uint8Array(graph.count);
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      for (const other of next[at]!) {
        if (seen[other]) continue;
        seen[other] = 1;
        mark[other] = 1;
        stack.push(other);
      }
    }
  }
  return mark;
}

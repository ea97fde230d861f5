import type { LineageGraph } from "./graph";

/** State of each node, decoded from the daemon's compact vector. The order of `states` is the order of drawing and of health bars. */
export const states = ["never", "materialized", "materializing", "skipped", "failed", "external"] as const;
export type NodeState = (typeof states)[number];
export const stateIndex = Object.fromEntries(states.map((state, index) => [state, index])) as Record<NodeState, number>;

const codes: Record<string, NodeState> = { "-": "never", r: "materializing", m: "materialized", f: "failed", s: "skipped" };

export interface StatusVectors { status: string; stale: string; fresh: string; checks: string }
export interface NodeStates {
  state: Uint8Array;
  stale: Uint8Array;
  /** 1 where the freshness policy is violated. */
  violated: Uint8Array;
  /** 0 none, 1 all passed, 2 warned, 3 failed. */
  checks: Uint8Array;
}

export function emptyStates(graph: LineageGraph): NodeStates {
  return decodeStatus(graph, { status: "", stale: "", fresh: "", checks: "" });
}

/** Unknown or missing characters read as never, not stale, no freshness, no checks: a newer daemon must not break the page. */
export function decodeStatus(graph: LineageGraph, vectors: StatusVectors): NodeStates {
  const out = {
    state: new Uint8Array(graph.count), stale: new Uint8Array(graph.count), violated: new Uint8Array(graph.count), checks: new Uint8Array(graph.count),
  };
  for (let i = 0; i < graph.count; i++) {
    const state = codes[vectors.status[i] ?? "-"] ?? "never";
    const shown = state === "never" && graph.input.nodes[i]!.external ? "external" : state;
    out.state[i] = stateIndex[shown];
    out.stale[i] = vectors.stale[i] === "1" && vectors.status[i] !== "-" ? 1 : 0;
    out.violated[i] = vectors.fresh[i] === "v" ? 1 : 0;
    out.checks[i] = Math.max(0, "npwf".indexOf(vectors.checks[i] ?? "n"));
  }
  return out;
}

/** How many nodes of a group are in each state, plus how many are stale. */
export interface Health { counts: number[]; stale: number; total: number }

export function groupHealth(graph: LineageGraph, nodes: NodeStates): Health[] {
  return graph.input.groups.map((group) => {
    const counts = new Array<number>(states.length).fill(0);
    let stale = 0;
    for (const i of group.nodes) {
      counts[nodes.state[i]!]!++;
      stale += nodes.stale[i]!;
    }
    return { counts, stale, total: group.nodes.length };
  });
}

/** Edges, as indices, that carry a failure: from a failed or skipped node into a skipped one. */
export function failureEdges(graph: LineageGraph, nodes: NodeStates): Uint8Array {
  const { failed, skipped } = stateIndex;
  return Uint8Array.from(graph.input.edges, ([from, to]) =>
    nodes.state[to] === skipped && (nodes.state[from] === failed || nodes.state[from] === skipped) ? 1 : 0);
}

/** Nodes to look at first: the failed ones, else none. */
export function failedNodes(nodes: NodeStates): number[] {
  const found: number[] = [];
  nodes.state.forEach((state, i) => {
    if (state === stateIndex.failed) found.push(i);
  });
  return found;
}

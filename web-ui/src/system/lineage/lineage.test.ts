import { describe, expect, it } from "vitest";
import { boxOf, detailOf, fit, pan, readCamera, toScreen, toWorld, writeCamera, zoomAt } from "./camera";
import { ancestry, buildGraph, groupAt, nodeAt, nodesIn, type LineageInput } from "./graph";
import { decodeStatus, failedNodes, failureEdges, groupHealth, stateIndex } from "./status";

const node = (key: string, x: number, y: number, external = false) => ({ key, x, y, group: "g", kinds: [], external });
// source → a → b → c, and d beside them from a.
const input: LineageInput = {
  nodes: [node("source", 0, 0, true), node("a", 300, 0), node("b", 600, 0), node("c", 900, 0), node("d", 600, 200)],
  edges: [[0, 1], [1, 2], [2, 3], [1, 4]],
  groups: [{ name: "g", x: -120, y: -50, width: 1200, height: 320, nodes: [0, 1, 2, 3, 4] }, { name: "in", x: 480, y: 150, width: 260, height: 100, nodes: [4] }],
};
const graph = buildGraph(input);
const size = { width: 1000, height: 600 };

describe("camera", () => {
  it("goes to the world and back", () => {
    const camera = { x: 50, y: -20, k: 0.7 };
    const world = toWorld(camera, size, 123, 456);
    expect(toScreen(camera, size, world.x, world.y)).toEqual({ x: expect.closeTo(123), y: expect.closeTo(456) });
  });
  it("keeps the point under the pointer when zooming", () => {
    const before = { x: 0, y: 0, k: 0.5 };
    const after = zoomAt(before, size, 800, 100, 1.5, 0.1);
    expect(toWorld(after, size, 800, 100)).toEqual(toWorld(before, size, 800, 100));
    expect(after.k).toBe(0.75);
  });
  it("never zooms past its ends", () => {
    expect(zoomAt({ x: 0, y: 0, k: 1 }, size, 0, 0, 99, 0.1).k).toBe(1.6);
    expect(zoomAt({ x: 0, y: 0, k: 1 }, size, 0, 0, 0.0001, 0.1).k).toBe(0.1);
  });
  it("moves with the hand", () => expect(pan({ x: 0, y: 0, k: 0.5 }, 10, -20)).toEqual({ x: -20, y: 40, k: 0.5 }));
  it("fits a box and never magnifies it", () => {
    expect(fit({ x0: 0, y0: 0, x1: 100, y1: 50 }, size)).toEqual({ x: 50, y: 25, k: 1 });
    expect(fit(graph.bounds, size).k).toBeLessThan(1);
  });
  it("chooses the level of detail by zoom", () => {
    expect([0.1, 0.4, 0.9].map((k) => detailOf({ x: 0, y: 0, k }))).toEqual(["far", "middle", "near"]);
  });
  it("survives the address, and refuses nonsense there", () => {
    expect(readCamera(writeCamera({ x: 12, y: -7, k: 0.5 }))).toEqual({ x: 12, y: -7, k: 0.5 });
    expect([readCamera("a,b,c"), readCamera(""), readCamera("1,2,0"), readCamera(undefined)]).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe("hit testing", () => {
  it("finds the card under a point", () => {
    expect([nodeAt(graph, 600, 0), nodeAt(graph, 709, 35), nodeAt(graph, 711, 0), nodeAt(graph, 450, 300)]).toEqual([2, 2, -1, -1]);
  });
  it("finds what touches a box", () => expect(nodesIn(graph, { x0: 500, y0: -10, x1: 1500, y1: 500 }).sort()).toEqual([2, 3, 4]));
  it("prefers the inner group", () => expect([groupAt(graph, 600, 200), groupAt(graph, 0, 0), groupAt(graph, 5000, 0)]).toEqual([1, 0, -1]));
});

it("marks what comes before and after, not what stands beside", () => {
  expect([...ancestry(graph, 2)]).toEqual([1, 1, 1, 1, 0]);
  expect(boxOf(graph, [2, 4])).toEqual({ x0: 490, x1: 710, y0: -36, y1: 236 });
});

describe("status", () => {
  const nodes = decodeStatus(graph, { status: "-mfsr", stale: "01000", fresh: "nfvnn", checks: "nwfpn" });
  it("decodes the vectors", () => {
    expect(nodes.state[0]).toBe(stateIndex.external);
    expect(nodes.state[4]).toBe(stateIndex.materializing);
    expect([...nodes.stale]).toEqual([0, 1, 0, 0, 0]);
    expect([...nodes.violated]).toEqual([0, 0, 1, 0, 0]);
    expect([...nodes.checks]).toEqual([0, 2, 3, 1, 0]);
  });
  it("reads what it does not know as never", () => expect(decodeStatus(graph, { status: "?", stale: "", fresh: "", checks: "?" }).state[1]).toBe(stateIndex.never));
  it("draws the failure from its root into what it skipped", () => {
    expect([...failureEdges(graph, nodes)]).toEqual([0, 0, 1, 0]);
    expect(failedNodes(nodes)).toEqual([2]);
  });
  it("adds up a group's health", () => {
    const health = groupHealth(graph, nodes)[0]!;
    expect(health.total).toBe(5);
    expect(health.counts[stateIndex.failed]).toBe(1);
    expect(health.stale).toBe(1);
  });
});

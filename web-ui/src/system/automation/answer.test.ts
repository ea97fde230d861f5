import { describe, expect, it } from "vitest";
import { deciding, foldedText, opens } from "./answer";

interface Node { name: string; holds: boolean; children?: Node[]; more?: number }
const leaf = (name: string, holds: boolean): Node => ({ name, holds });
const names = (node: Node) => [...deciding<Node>(node)].map((child) => child.name);

describe("deciding", () => {
  const mixed = [leaf("a", true), leaf("b", false), leaf("c", false)];
  it.each([
    ["an 'and' that is false: what is false in it", { name: "and", holds: false, children: mixed }, ["b", "c"]],
    ["an 'or' that is true: what is true in it", { name: "or", holds: true, children: mixed }, ["a"]],
    ["an 'and' that is true: all of it", { name: "and", holds: true, children: [leaf("a", true), leaf("b", true)] }, ["a", "b"]],
    ["a 'not': what stands in it", { name: "not", holds: true, children: [leaf("a", false)] }, ["a"]],
    ["a leaf: nothing", leaf("missing", true), []],
  ])("of %s", (_, node, wanted) => expect(names(node)).toEqual(wanted));
});

describe("opens", () => {
  const many = Array.from({ length: 40 }, (_, i) => leaf(`parent${i}`, i === 7));
  it("a node that decides", () => expect(opens({ name: "x", holds: false, children: [leaf("a", false)] }, true)).toBe(true));
  it("not one that does not", () => expect(opens({ name: "x", holds: false, children: [leaf("a", false)] }, false)).toBe(false));
  it("not a leaf", () => expect(opens(leaf("missing", true), true)).toBe(false));
  it("not one that many assets decide alike", () => expect(opens({ name: "x", holds: false, children: many.map((one) => ({ ...one, holds: false })) }, true)).toBe(false));
  it("one that one of many decides", () => expect(opens({ name: "x", holds: true, children: many }, true)).toBe(true));
});

it("says what a folded node keeps to itself", () => {
  expect(foldedText({ name: "x", holds: true, children: [leaf("a", true), leaf("b", false)] })).toBe("1 of 2 true");
  expect(foldedText({ name: "not", holds: true, children: [leaf("missing", false)] })).toBe("missing: false");
  expect(foldedText({ name: "x", holds: true, children: [leaf("a", true)], more: 1200 })).toBe("1 of 1 true, 1,200 more");
});

import { describe, expect, it } from "vitest";
import { accept, anyOf, attributeAt, complete, isExpression, quoted, wordAt, type Vocabulary } from "./complete";

const words: Vocabulary = {
  names: ["raw_events", "stg_charges", "gold/customers"], groups: ["raw", "gold"], kinds: ["dbt", "python"], tags: ["domain=growth"],
  owners: ["team:growth"], imports: ["shop"], paths: [],
};
const texts = (text: string) => complete(text, text.length, words).suggestions.map((s) => s.text);

describe("complete", () => {
  it("offers attributes in an empty field", () => expect(texts("")).toContain("group:"));
  it("offers names, those that start with the word first", () => expect(texts("s")[0]).toMatch(/^s/));
  it("offers an attribute's values", () => expect(texts("group:g")).toEqual(["gold"]));
  it("offers operators after an operand", () => expect(texts("stg_charges ")).toEqual(["or", "and"]));
  it("offers operands after an operator", () => expect(texts("stg_charges or go")).toContain("gold/customers"));
  it("looks through the walk in front", () => expect(texts("2+raw")).toContain("raw_events"));
  it("offers nothing after a finished downstream walk", () => expect(texts("raw_events+")).toEqual([]));
});

it("says whose value is being written", () => {
  expect([attributeAt("tag:", 4), attributeAt("a or owner:team:g", 17), attributeAt("+raw", 4)]).toEqual(["tag", "owner", undefined]);
});

it("finds the word around the caret", () => expect(wordAt("a or +stg_ch and x", 12)).toEqual({ from: 6, to: 12, word: "stg_ch" }));

it("puts the suggestion in the word's place", () => {
  const completion = complete("+stg", 4, words);
  expect(accept("+stg", completion, { text: "stg_charges", kind: "name" })).toEqual({ text: "+stg_charges", caret: 12 });
  const value = complete("group:g or x", 7, words);
  expect(accept("group:g or x", value, { text: "gold", kind: "value" }).text).toBe("group:gold or x");
});

it("quotes what a bare word cannot hold", () => {
  expect(quoted("gold/customers")).toBe("gold/customers");
  expect(quoted("or")).toBe('"or"');
  expect(anyOf(["a", "b c"])).toBe('a or "b c"');
});

it("tells a search word from an expression", () => {
  expect([isExpression("charges"), isExpression("+a"), isExpression("a or b"), isExpression("order")]).toEqual([false, true, true, false]);
});

import { expect, it } from "vitest";
import { readMetadata } from "./metadata";

it("reads a name and a value a line, values as JSON where they are that", () => {
  const { metadata, error } = readMetadata("rows=812\n source = the supplier's file \n\nfinal=true\nurl=https://x.example/?a=b\nrange=[1, 2]\nempty=");
  expect(error).toBeNull();
  expect(metadata).toEqual({ rows: 812, source: "the supplier's file", final: true, url: "https://x.example/?a=b", range: [1, 2], empty: "" });
});

it("keeps numbers that it cannot hold, and names that mean something to JavaScript", () => {
  expect(readMetadata("id=12345678901234567890").metadata).toEqual({ id: "12345678901234567890" });
  expect(JSON.stringify(readMetadata("__proto__=1").metadata)).toBe('{"__proto__":1}');
});

it.each([["rows=1\nno value", "Line 2 is not name=value"], ["=5", "Line 1 is not name=value"]])("%j is refused", (text, said) => {
  expect(readMetadata(text)).toEqual({ metadata: {}, error: said });
});

it("nothing written is no metadata", () => expect(readMetadata(" \n")).toEqual({ metadata: {}, error: null }));

import { describe, expect, it } from "vitest";
import { parseAnsi, stripAnsi } from "./parse";

const esc = "\u001b";

describe("parseAnsi", () => {
  it("splits a line at its colours", () => {
    const { spans, end } = parseAnsi(`${esc}[32mOK${esc}[0m done`);
    expect(spans).toEqual([{ text: "OK", style: { fg: "green" } }, { text: " done", style: {} }]);
    expect(end).toEqual({});
  });
  it("carries the style into the next line", () => {
    const { end } = parseAnsi(`${esc}[1;31mERROR`);
    expect(parseAnsi("still red", end).spans[0]?.style).toEqual({ bold: true, fg: "red" });
  });
  it("knows 256 colours and RGB", () => {
    expect(parseAnsi(`${esc}[38;5;196mx`).spans[0]?.style.fg).toBe("rgb(255,0,0)");
    expect(parseAnsi(`${esc}[38;2;1;2;3;1mx`).spans[0]?.style).toEqual({ fg: "rgb(1,2,3)", bold: true });
  });
  it("drops what is not a colour: cursor moves, titles, links", () => {
    expect(stripAnsi(`${esc}[2K${esc}]0;title\u0007a${esc}[1Ab`)).toBe("ab");
    expect(parseAnsi(`${esc}[2Ka`).spans).toEqual([{ text: "a", style: {} }]);
  });
  it("drops a sequence that never ends", () => expect(stripAnsi(`a${esc}[`)).toBe("a"));
});

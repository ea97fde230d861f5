import { expect, it } from "vitest";
import { LogBuffer } from "./buffer";

const bytes = (text: string) => new TextEncoder().encode(text);

it("joins lines and characters that were cut between pieces", () => {
  const log = new LogBuffer();
  const all = bytes("first\ngr\u00fc\u00dfe\nlast");
  for (const byte of all) log.append(Uint8Array.of(byte));
  expect(log.length).toBe(3);
  expect([log.line(0), log.line(1), log.line(2)]).toEqual(["first", "gr\u00fc\u00dfe", "last"]);
});

it("keeps the colour that a line starts with", () => {
  const log = new LogBuffer();
  log.append(bytes("\u001b[31mred\nstill\u001b[0m plain\nplain\n"));
  expect(log.spans(1)[0]).toEqual({ text: "still", style: { fg: "red" } });
  expect(log.spans(2)[0]?.style).toEqual({});
});

it("shows the last state of a progress bar", () => {
  const log = new LogBuffer();
  log.append(bytes("10%\r50%\r100%\r\nend\n"));
  expect(log.line(0)).toBe("100%");
});

it("finds text through colours, ignoring case", () => {
  const log = new LogBuffer();
  log.append(bytes("one\nE\u001b[31mrr\u001b[0mor here\nerror\n"));
  expect(log.search("error")).toEqual([1, 2]);
});

it("finds the lines of a level and worse, the unfinished last one too", () => {
  const log = new LogBuffer();
  log.append(bytes("plain\nINFO one\n\u001b[33mWARN two\u001b[0m\nTraceback (most recent call last):\n  File x\nERROR unfinished"));
  expect(log.atLeast(2)).toEqual([2, 3, 4, 5]);
  expect(log.atLeast(1)).toEqual([1, 2, 3, 4, 5]);
  expect([...log.levelCounts]).toEqual([0, 1, 1, 2]);
});

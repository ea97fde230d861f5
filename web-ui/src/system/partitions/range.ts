import type { Form } from "./form";

/** What is selected among partitions: from one to another by index, both included, in either order. */
export interface Span { anchor: number; head: number }

/** Indices that a span means, in order: a stretch; with two dimensions the rectangle between its corners. */
export function indicesOf(form: Form, keys: string[], span: Span | null): number[] {
  if (!span || !keys[span.anchor] || !keys[span.head]) return [];
  if (form.kind === "two") return rectangle(keys, span);
  const from = Math.min(span.anchor, span.head), to = Math.max(span.anchor, span.head);
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function rectangle(keys: string[], { anchor, head }: Span): number[] {
  const parts = keys.map((key) => key.split("|"));
  // Of each dimension the values in the order in which they come.
  const wanted = [0, 1].map((side) => {
    const values = [...new Set(parts.map((part) => part[side]!))];
    if (values.every((value) => /^\d{4}-\d\d/.test(value))) values.sort();
    const a = values.indexOf(parts[anchor]![side]!), b = values.indexOf(parts[head]![side]!);
    return new Set(values.slice(Math.min(a, b), Math.max(a, b) + 1));
  });
  return [...parts.keys()].filter((i) => wanted[0]!.has(parts[i]![0]!) && wanted[1]!.has(parts[i]![1]!));
}

/** How a request says them: a range where they are a stretch of it, else each by its key. */
export function choiceOf(form: Form, keys: string[], indices: number[]): string[] | { from: string; to: string } {
  const first = indices[0], last = indices.at(-1);
  const stretch = form.kind !== "two" && first !== undefined && last !== undefined && last > first && last - first === indices.length - 1;
  return stretch ? { from: keys[first]!, to: keys[last]! } : indices.map((index) => keys[index]!);
}

/** The span of two keys, as the address has them. */
export function spanOf(keys: string[], from: string | undefined, to: string | undefined): Span | null {
  const anchor = from === undefined ? -1 : keys.indexOf(from);
  const head = to === undefined ? anchor : keys.indexOf(to);
  return anchor < 0 || head < 0 ? null : { anchor, head };
}

/** What is about to be made, over how it stands: r and q win; then c, where what is there did not pass a check. */
export function overlay(status: string, underWay: string, checks = ""): string {
  let out = "";
  for (let i = 0; i < status.length; i++) out += underWay[i] === "r" || underWay[i] === "q" ? underWay[i] : status[i] === "m" && checks[i] === "f" ? "c" : status[i];
  return out;
}

/** How many of each letter there are among some. */
export function countLetters(letters: string, indices?: number[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const letter of indices ? indices.map((index) => letters[index] ?? "") : letters) counts[letter] = (counts[letter] ?? 0) + 1;
  return counts;
}

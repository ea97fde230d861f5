/** Completion for the selection language (see "Selection language" in the documentation): which words may stand at the caret. */

import type { AttributeValues } from "./vocabulary";

export interface Vocabulary extends AttributeValues { names: string[]; groups: string[]; kinds: string[] }
export interface Suggestion { text: string; kind: "name" | "attribute" | "value" | "operator" | "function" }
export interface Completion { from: number; to: number; suggestions: Suggestion[] }

const statuses = ["never", "materializing", "materialized", "failed", "skipped"];
export const attributes = ["key", "group", "kind", "tag", "owner", "status", "stale", "freshness", "import", "path"];
const wordEnd = /[\s()]/;
const bareName = /^[A-Za-z0-9_*][A-Za-z0-9_.\-*/]*$/;

/** The word around the caret, without the walk (`2+`, `+`) in front of it. */
export function wordAt(text: string, caret: number): { from: number; to: number; word: string } {
  let from = caret;
  while (from > 0 && !wordEnd.test(text[from - 1]!)) from--;
  let to = caret;
  while (to < text.length && !wordEnd.test(text[to]!) && text[to] !== "+") to++;
  const walk = /^\d*\+/.exec(text.slice(from, caret));
  from += walk?.[0].length ?? 0;
  return { from, to, word: text.slice(from, caret) };
}

/** At most `limit` suggestions for the caret's place, best first. */
export function complete(text: string, caret: number, vocabulary: Vocabulary, limit = 12): Completion {
  const { from, to, word } = wordAt(text, caret);
  const before = text.slice(0, from).trimEnd();
  const colon = word.indexOf(":");
  if (colon > 0) return { from: from + colon + 1, to, suggestions: values(word.slice(0, colon), word.slice(colon + 1), vocabulary, limit) };
  if (word.endsWith("+") && word.length > 1) return { from, to, suggestions: [] };
  const afterOperand = before !== "" && !/(?:^|[\s(])(?:or|and|not)$|[(]$/.test(before);
  if (afterOperand && /\s$/.test(text.slice(0, from))) return { from, to, suggestions: ranked(["or", "and"], word, "operator", limit) };
  return { from, to, suggestions: operands(word, vocabulary, limit) };
}

function operands(word: string, vocabulary: Vocabulary, limit: number): Suggestion[] {
  const prefixFirst = word === "" ? [] : ranked(vocabulary.names, word, "name", limit);
  const fields = ranked(attributes.map((name) => `${name}:`), word, "attribute", limit);
  const rest = word === "" ? ranked(vocabulary.names, word, "name", limit) : ranked(["not", "roots(", "sinks("], word, "function", 3);
  const fieldsFirst = word === "" || fields.some((field) => field.text.startsWith(word));
  return (fieldsFirst ? [...fields, ...prefixFirst, ...rest] : [...prefixFirst, ...fields, ...rest]).slice(0, limit);
}

function values(attribute: string, word: string, vocabulary: Vocabulary, limit: number): Suggestion[] {
  const lists: Record<string, string[]> = {
    key: vocabulary.names, group: vocabulary.groups, kind: vocabulary.kinds, tag: vocabulary.tags, owner: vocabulary.owners,
    import: vocabulary.imports, path: vocabulary.paths, status: statuses, stale: ["true", "false"], freshness: ["none", "fresh", "violated"],
  };
  return ranked(lists[attribute] ?? [], word, "value", limit);
}

/** Those that start with the word, then those with it inside; each list in its own order. */
function ranked(list: string[], word: string, kind: Suggestion["kind"], limit: number): Suggestion[] {
  const wanted = word.toLowerCase();
  const starts: Suggestion[] = [];
  const inside: Suggestion[] = [];
  for (const text of list) {
    const at = text.toLowerCase().indexOf(wanted);
    if (text === word) continue;
    if (at === 0) starts.push({ text, kind });
    else if (at > 0) inside.push({ text, kind });
    if (starts.length >= limit) break;
  }
  return [...starts, ...inside].slice(0, limit);
}

/** Puts a suggestion in the word's place; says where the caret goes. */
export function accept(text: string, completion: Completion, suggestion: Suggestion): { text: string; caret: number } {
  const open = suggestion.text.endsWith(":") || suggestion.text.endsWith("(");
  const word = suggestion.kind === "name" ? quoted(suggestion.text) : suggestion.kind === "value" ? quotedValue(suggestion.text) : suggestion.text;
  const tail = text.slice(completion.to);
  const glue = suggestion.kind === "operator" && !tail.startsWith(" ") && !open ? " " : "";
  const head = text.slice(0, completion.from) + word + glue;
  return { text: head + tail, caret: head.length };
}

/** A name as it must stand in a selection: quoted when a bare word could not hold it or it reads as an operator. */
export function quoted(name: string): string {
  return bareName.test(name) && !["or", "and", "not", "roots", "sinks"].includes(name) ? name : `"${name.replaceAll('"', '\\"')}"`;
}

/** An attribute's value as it must stand behind the colon. */
const quotedValue = (value: string) => (/[\s(),+"]/.test(value) ? `"${value.replaceAll('"', '\\"')}"` : value);

/** The attribute whose value is being written at the caret, if any. */
export function attributeAt(text: string, caret: number): string | undefined {
  const { word } = wordAt(text, caret);
  return /^([a-z]+):/.exec(word)?.[1];
}

/** One selection that means exactly these assets. */
export const anyOf = (names: string[]) => names.map(quoted).join(" or ");

/** What a filter field means: a plain word is every key that contains it. */
export const asSelection = (text: string) => (text === "" || isExpression(text) ? text : `**${text}** or *${text}*`);

/** True when the selection walks, combines or asks: when the text is more than a plain search word. */
export function isExpression(text: string): boolean {
  return /[+:*()"]|(?:^|\s)(?:or|and|not)(?:\s|$)/.test(text.trim());
}

/** Terminal colours of one line of log, as runs of text with a style. State is carried from line to line. */

export interface AnsiStyle { bold?: boolean; dim?: boolean; italic?: boolean; underline?: boolean; inverse?: boolean; fg?: string; bg?: string }
export interface AnsiSpan { text: string; style: AnsiStyle }

const plain: AnsiStyle = {};
const names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const escape = String.fromCharCode(27);
// CSI sequences, OSC sequences (titles, links) and lone two-byte escapes; only SGR ("m") changes the style.
const sequence = new RegExp(`${escape}(?:\\[([0-9;:?]*)([@-~])|\\][^\\u0007${escape}]*(?:\\u0007|${escape}\\\\)|[@-_])`, "g");

/** Splits `line` at its escape sequences. `start` is the style the line before ended with. */
export function parseAnsi(line: string, start: AnsiStyle = plain): { spans: AnsiSpan[]; end: AnsiStyle } {
  if (!line.includes(escape)) return { spans: line ? [{ text: line, style: start }] : [], end: start };
  const spans: AnsiSpan[] = [];
  let style = start;
  let from = 0;
  const push = (text: string) => text && spans.push({ text: text.replaceAll(escape, ""), style });
  for (const match of line.matchAll(sequence)) {
    push(line.slice(from, match.index));
    if (match[2] === "m") style = applySgr(style, match[1] ?? "");
    from = match.index + match[0].length;
  }
  push(line.slice(from));
  return { spans, end: style };
}

/** The line without its escape sequences, for searching and copying. */
export const stripAnsi = (line: string) => (line.includes(escape) ? line.replace(sequence, "").replaceAll(escape, "") : line);

function applySgr(style: AnsiStyle, parameters: string): AnsiStyle {
  const codes = parameters.split(/[;:]/).map((code) => (code === "" ? 0 : Number(code)));
  let next: AnsiStyle = { ...style };
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    if (code === 38 || code === 48) {
      const [colour, used] = extendedColour(codes, i + 1);
      if (colour) next[code === 38 ? "fg" : "bg"] = colour;
      i += used;
    } else next = applyCode(next, code);
  }
  return next;
}

function applyCode(style: AnsiStyle, code: number): AnsiStyle {
  if (code === 0) return plain;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 3) return { ...style, italic: true };
  if (code === 4) return { ...style, underline: true };
  if (code === 7) return { ...style, inverse: true };
  if (code === 22) return { ...style, bold: undefined, dim: undefined };
  if (code === 23) return { ...style, italic: undefined };
  if (code === 24) return { ...style, underline: undefined };
  if (code === 27) return { ...style, inverse: undefined };
  if (code === 39) return { ...style, fg: undefined };
  if (code === 49) return { ...style, bg: undefined };
  if (code >= 30 && code <= 37) return { ...style, fg: names[code - 30] };
  if (code >= 90 && code <= 97) return { ...style, fg: names[code - 90] };
  if (code >= 40 && code <= 47) return { ...style, bg: names[code - 40] };
  if (code >= 100 && code <= 107) return { ...style, bg: names[code - 100] };
  return style;
}

/** The colour after 38 or 48 (256 colours or RGB) and how many parameters it took. */
function extendedColour(codes: number[], at: number): [string | undefined, number] {
  if (codes[at] === 2) return [`rgb(${codes[at + 1] ?? 0},${codes[at + 2] ?? 0},${codes[at + 3] ?? 0})`, 4];
  if (codes[at] !== 5) return [undefined, 1];
  const index = codes[at + 1] ?? 0;
  if (index < 16) return [names[index % 8], 2];
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return [`rgb(${grey},${grey},${grey})`, 2];
  }
  const level = (part: number) => (part === 0 ? 0 : 55 + part * 40);
  const cube = index - 16;
  return [`rgb(${level(Math.floor(cube / 36))},${level(Math.floor(cube / 6) % 6)},${level(cube % 6)})`, 2];
}

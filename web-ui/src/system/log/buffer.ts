import { parseAnsi, stripAnsi, type AnsiSpan, type AnsiStyle } from "../ansi/parse";
import { levelOf, levels, type LevelIndex } from "./level";

/**
 * The lines of one log as its bytes arrive in pieces of any size. A piece may end inside a line, an escape sequence or a
 * character: the unfinished rest waits for the next one. Only the style at the start of each line is kept, spans are made when a
 * line is shown.
 */
export class LogBuffer {
  private readonly text: string[] = [];
  private readonly styles: AnsiStyle[] = [];
  private readonly lineLevels: LevelIndex[] = [];
  private readonly counts = levels.map(() => 0);
  private readonly decoder = new TextDecoder();
  private tail = "";
  private style: AnsiStyle = {};

  append(bytes: Uint8Array): void {
    const pieces = (this.tail + this.decoder.decode(bytes, { stream: true })).split("\n");
    this.tail = pieces.pop() ?? "";
    for (const piece of pieces) this.push(piece);
  }

  /** Lines so far; an unterminated last one counts. */
  get length(): number {
    return this.text.length + (this.tail ? 1 : 0);
  }

  line(index: number): string {
    return index < this.text.length ? this.text[index]! : visible(this.tail);
  }

  spans(index: number): AnsiSpan[] {
    return parseAnsi(this.line(index), this.styles[index] ?? this.style).spans;
  }

  /** Indices of the lines that contain `needle`, ignoring case, from line `from` on. */
  search(needle: string, from = 0): number[] {
    const wanted = needle.toLowerCase();
    const found: number[] = [];
    for (let i = from; i < this.length; i++) if (stripAnsi(this.line(i)).toLowerCase().includes(wanted)) found.push(i);
    return found;
  }

  level(index: number): LevelIndex {
    return this.lineLevels[index] ?? levelOf(stripAnsi(this.line(index)), this.lineLevels.at(-1) ?? -1);
  }

  /** How many finished lines name each of `levels`. */
  get levelCounts(): readonly number[] {
    return this.counts;
  }

  /** Indices of the lines of level `least` or worse. Lines that name no level are not among them. */
  atLeast(least: number): number[] {
    const found: number[] = [];
    for (let i = 0; i < this.length; i++) if (this.level(i) >= least) found.push(i);
    return found;
  }

  private push(raw: string) {
    const line = visible(raw);
    const level = levelOf(stripAnsi(line), this.lineLevels.at(-1) ?? -1);
    this.lineLevels.push(level);
    if (level >= 0) this.counts[level]!++;
    this.text.push(line);
    this.styles.push(this.style);
    this.style = parseAnsi(line, this.style).end;
  }
}

/** What a terminal would show of a line with carriage returns: progress bars keep only their last state. */
function visible(raw: string): string {
  const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
  const at = line.lastIndexOf("\r");
  return at < 0 ? line : line.slice(at + 1);
}

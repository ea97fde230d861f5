import type { Form } from "./form";

/** Where each partition's cell stands. A cell has a column and a row; a row has its own top, so that blocks (years, say) stand apart. */
export interface Heat {
  /** By index of the key. */
  columns: Int32Array; rows: Int32Array;
  rowTops: number[];
  /** Where column 0 begins, and the distance of one cell to the next, in CSS pixels. */
  left: number; pitch: number; width: number; height: number;
  labels: HeatLabel[];
  at: Map<number, number>;
}
/** `y` is the middle of the text. */
export interface HeatLabel { text: string; x: number; y: number; align: "left" | "right" }

const day = 86_400_000;
const most = 8_192;  // columns of a row, for the key of a cell's place
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const headHeight = 18, gap = 12, letterWidth = 6.6;

/** Small cells where there are many. */
export const pitchFor = (count: number) => (count <= 400 ? 18 : count <= 1_500 ? 15 : count <= 4_000 ? 13 : 11);

/** Cells of `keys` (in their order) in `width` pixels. The newest block of time is on top; what has no calendar stands in order. */
export function layoutHeat(form: Form, keys: string[], width: number): Heat {
  switch (form.kind) {
    case "daily": return calendar(keys, width);
    case "hourly": return hours(keys, width);
    case "monthly": return years(keys, width);
    case "two": return matrix(keys, form.columns, width);
    default: return inOrder(keys, width);
  }
}

class Board {
  readonly heat: Heat;
  constructor(count: number, readonly left: number, readonly pitch: number, readonly width: number) {
    this.heat = { columns: new Int32Array(count), rows: new Int32Array(count), rowTops: [], left, pitch, width, height: 0, labels: [], at: new Map() };
  }
  get room() { return Math.max(1, Math.floor((this.width - this.left) / this.pitch)); }
  /** Adds rows below what there is; hands out the number of the first. */
  block(rows: number, head: number): number {
    const heat = this.heat, first = heat.rowTops.length;
    const top = heat.height + (first > 0 ? gap : 0) + head;
    for (let i = 0; i < rows; i++) heat.rowTops.push(top + i * this.pitch);
    heat.height = top + rows * this.pitch;
    return first;
  }
  /** False: another cell stands there already. */
  put(index: number, column: number, row: number): boolean {
    const place = row * most + column;
    if (this.heat.at.has(place)) return false;
    this.heat.at.set(place, index);
    this.heat.columns[index] = column;
    this.heat.rows[index] = row;
    return true;
  }
  rowLabel(text: string, row: number) {
    this.heat.labels.push({ text: shorten(text, this.left - 8), x: this.left - 8, y: this.heat.rowTops[row]! + this.pitch / 2, align: "right" });
  }
  columnLabel(text: string, column: number, row: number) {
    this.heat.labels.push({ text, x: this.left + column * this.pitch, y: this.heat.rowTops[row]! - headHeight / 2, align: "left" });
  }
}

function shorten(text: string, width: number): string {
  const fits = Math.max(2, Math.floor(width / letterWidth));
  return text.length <= fits ? text : `${text.slice(0, fits - 1)}…`;
}

/** Indices of the keys by what `of` says of each, in the order in which they come. */
function grouped<T>(keys: string[], of: (key: string) => T): Map<T, number[]> {
  const out = new Map<T, number[]>();
  keys.forEach((key, index) => {
    const group = of(key), found = out.get(group);
    if (found) found.push(index);
    else out.set(group, [index]);
  });
  return out;
}

/** Weeks from left to right, Monday to Sunday from top to bottom; one block where all weeks fit, else a block for as many months as fit. */
function calendar(keys: string[], width: number): Heat {
  const board = new Board(keys.length, 36, pitchFor(keys.length), width);
  const days = keys.map((key) => Math.floor(Date.parse(key.slice(0, 10)) / day));
  const week = (at: number) => Math.floor((at + 3) / 7);  // day 0 was a Thursday
  const whole = days.length > 0 && week(days.at(-1)!) - week(days[0]!) < board.room;
  const span = board.room >= 54 ? 12 : board.room >= 28 ? 6 : board.room >= 15 ? 3 : board.room >= 10 ? 2 : 1;
  const blockOf = (key: string) => (whole ? 0 : Number(key.slice(0, 4)) * 12 + Math.floor((Number(key.slice(5, 7)) - 1) / span) * span);
  for (const [block, indices] of [...grouped(keys, blockOf)].reverse()) {
    const row = board.block(7, headHeight);
    const from = week(whole ? days[0]! : Date.UTC(Math.floor(block / 12), block % 12) / day);
    for (const [i, name] of [[0, "Mon"], [2, "Wed"], [4, "Fri"]] as const) board.rowLabel(name, row + i);
    let last = -9, month = "", year = "";
    for (const index of indices) {
      const column = week(days[index]!) - from;
      board.put(index, column, row + ((days[index]! + 3) % 7));
      const key = keys[index]!;
      if (key.slice(0, 7) === month) continue;
      month = key.slice(0, 7);
      const text = months[Number(key.slice(5, 7)) - 1] ?? "";
      const wide = key.slice(0, 4) === year ? text : `${text} ${key.slice(0, 4)}`;
      if ((column - last) * board.pitch < 30 || (wide !== text && last >= 0 && (column - last) * board.pitch < 36)) continue;
      board.columnLabel(wide, column, row);
      last = wide === text ? column : column + Math.ceil(30 / board.pitch);
      year = key.slice(0, 4);
    }
  }
  return board.heat;
}

/** Days from top to bottom, the newest first; hours from left to right. An hour that the clock shows twice stands at the end of its day. */
function hours(keys: string[], width: number): Heat {
  const left = 52;
  const board = new Board(keys.length, left, Math.max(9, Math.min(pitchFor(keys.length), Math.floor((width - left) / 25))), width);
  const byDay = [...grouped(keys, (key) => key.slice(0, 10))].reverse();
  const first = board.block(byDay.length, headHeight);
  for (const hour of [0, 6, 12, 18]) board.columnLabel(`${String(hour).padStart(2, "0")}:00`, hour, first);
  byDay.forEach(([date, indices], row) => {
    if (board.pitch >= 13 || row % 2 === 0) board.rowLabel(`${Number(date.slice(8, 10))} ${months[Number(date.slice(5, 7)) - 1] ?? ""}`, first + row);
    let extra = 24;
    for (const index of indices) if (!board.put(index, Number(keys[index]!.slice(11, 13)), first + row)) board.put(index, extra++, first + row);
  });
  return board.heat;
}

/** A row for each year, the newest first, a column for each month. */
function years(keys: string[], width: number): Heat {
  const left = 44;
  const board = new Board(keys.length, left, Math.max(16, Math.min(30, Math.floor((width - left) / 12))), width);
  const byYear = [...grouped(keys, (key) => key.slice(0, 4))].reverse();
  const first = board.block(byYear.length, headHeight);
  months.forEach((name, column) => board.columnLabel(board.pitch >= 28 ? name : name[0]!, column, first));
  byYear.forEach(([year, indices], row) => {
    board.rowLabel(year, first + row);
    for (const index of indices) board.put(index, Number(keys[index]!.slice(5, 7)) - 1, first + row);
  });
  return board.heat;
}

const ordered = (values: Iterable<string>) => [...new Set(values)];

/** Two dimensions: what runs from left to right is broken into blocks where it does not fit, the last one on top. */
function matrix(keys: string[], side: 0 | 1, width: number): Heat {
  const parts = keys.map((key) => key.split("|") as [string, string]);
  const across = ordered(parts.map((part) => part[side] ?? "")), down = ordered(parts.map((part) => part[1 - side] ?? ""));
  if (across.every((value) => /^\d{4}-\d\d/.test(value))) across.sort();
  const longest = Math.max(2, ...down.map((value) => value.length));
  const board = new Board(keys.length, Math.min(Math.max(44, width * 0.35), 160, longest * letterWidth + 16), pitchFor(keys.length), width);
  const columnOf = new Map(across.map((value, i) => [value, i])), rowOf = new Map(down.map((value, i) => [value, i]));
  const blocks = Math.max(1, Math.ceil(across.length / board.room));
  const firstRow = new Array<number>(blocks);
  for (let block = blocks - 1; block >= 0; block--) {
    firstRow[block] = board.block(down.length, headHeight);
    down.forEach((value, row) => board.rowLabel(value, firstRow[block]! + row));
    let free = 0;
    for (let column = block * board.room; column < Math.min(across.length, (block + 1) * board.room); column++) {
      const at = column - block * board.room, size = Math.ceil((across[column]!.length * letterWidth + 14) / board.pitch);
      if (at < free || at + size > board.room + 1) continue;
      board.columnLabel(across[column]!, at, firstRow[block]!);
      free = at + size;
    }
  }
  parts.forEach((part, index) => {
    const column = columnOf.get(part[side] ?? "")!;
    board.put(index, column % board.room, firstRow[Math.floor(column / board.room)]! + rowOf.get(part[1 - side] ?? "")!);
  });
  return board.heat;
}

/** One after another, row by row; each row says with which it begins. */
function inOrder(keys: string[], width: number): Heat {
  const longest = Math.max(0, ...keys.map((key) => key.length));
  const left = keys.length === 0 ? 0 : Math.min(Math.max(44, width * 0.3), 128, longest * letterWidth + 16);
  const board = new Board(keys.length, left, pitchFor(keys.length), width);
  const room = Math.min(board.room, 60), rows = Math.ceil(keys.length / room);
  const first = board.block(rows, 0);
  for (let row = 0; row < rows; row++) board.rowLabel(keys[row * room]!, first + row);
  keys.forEach((_, index) => board.put(index, index % room, first + Math.floor(index / room)));
  return board.heat;
}

/** The index of the cell at a point, or -1. The space between two cells belongs to the left and upper one. */
export function hit(heat: Heat, x: number, y: number): number {
  const column = Math.floor((x - heat.left) / heat.pitch);
  let low = 0, high = heat.rowTops.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (heat.rowTops[middle]! <= y) low = middle + 1;
    else high = middle;
  }
  const row = low - 1;
  if (row < 0 || column < 0 || y >= heat.rowTops[row]! + heat.pitch) return -1;
  return heat.at.get(row * most + column) ?? -1;
}

export const cellX = (heat: Heat, index: number) => heat.left + heat.columns[index]! * heat.pitch;
export const cellY = (heat: Heat, index: number) => heat.rowTops[heat.rows[index]!]!;

/** Where a key moves from a cell: to the next in that direction; where there is none, to the next or last in order. */
export function move(heat: Heat, from: number, key: string): number {
  const count = heat.columns.length;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const down = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0;
  const right = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
  const column = heat.columns[from]!, row = heat.rows[from]!;
  if (right !== 0) return heat.at.get(row * most + column + right) ?? Math.min(count - 1, Math.max(0, from + right));
  for (let at = row + down; down !== 0 && at >= 0 && at < heat.rowTops.length; at += down) {
    const found = heat.at.get(at * most + column);
    if (found !== undefined) return found;
  }
  return from;
}

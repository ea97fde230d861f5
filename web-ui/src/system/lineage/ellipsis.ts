/** Text cut to a width with an ellipsis in the middle, so that both ends of `stg_stripe__charges_daily` stay readable. */

const cache = new Map<string, string>();
const cacheLimit = 20_000;

export function ellipsis(text: string, width: number, font: string, measure: (text: string) => number): string {
  const bucket = Math.floor(width / 4);
  const name = `${font}|${bucket}|${text}`;
  const known = cache.get(name);
  if (known !== undefined) return known;
  if (cache.size > cacheLimit) cache.clear();
  const cut = cutTo(text, bucket * 4, measure);
  cache.set(name, cut);
  return cut;
}

const wraps = new Map<string, string[]>();

/** One line if it fits, else two, cut at the separator nearest to the middle. Measured once for each width: a view has hundreds. */
export function wrapped(text: string, width: number, font: string, measure: (text: string) => number): string[] {
  const name = `${font}|${Math.floor(width / 4)}|${text}`;
  const known = wraps.get(name);
  if (known !== undefined) return known;
  if (wraps.size > cacheLimit) wraps.clear();
  const lines = measure(text) <= width ? [text] : halves(text);
  wraps.set(name, lines);
  return lines;
}

function halves(text: string): string[] {
  let cut = -1;
  for (const match of text.matchAll(/[/_.-](?=[^/_.-])/g)) {
    if (cut < 0 || Math.abs(match.index + 1 - text.length / 2) < Math.abs(cut - text.length / 2)) cut = match.index + 1;
  }
  return cut < 0 ? [text] : [text.slice(0, cut), text.slice(cut)];
}

function cutTo(text: string, width: number, measure: (text: string) => number): string {
  if (measure(text) <= width) return text;
  const last = lastPart(text);
  if (last > 0) return cutPath(text, last, width, measure);
  let low = 0;
  let high = text.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measure(shortened(text, middle)) <= width) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? "" : shortened(text, low);
}

/** Where the last part of a path begins, 0 without one. */
const lastPart = (text: string) => text.lastIndexOf("/", text.length - 2) + 1;

/** Of a key in folders the folders go first, from the left: what tells neighbours apart is the name at the end. */
function cutPath(text: string, last: number, width: number, measure: (text: string) => number): string {
  for (let slash = text.indexOf("/"); slash >= 0 && slash < last; slash = text.indexOf("/", slash + 1)) {
    const rest = `…${text.slice(slash)}`;
    if (measure(rest) <= width) return rest;
  }
  return cutTo(text.slice(last), width, measure);
}

function shortened(text: string, keep: number): string {
  const head = Math.ceil(keep * 0.6);
  const tail = keep - head;
  return `${text.slice(0, head)}…${tail > 0 ? text.slice(-tail) : ""}`;
}

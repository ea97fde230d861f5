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

function cutTo(text: string, width: number, measure: (text: string) => number): string {
  if (measure(text) <= width) return text;
  let low = 0;
  let high = text.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measure(shortened(text, middle)) <= width) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? "" : shortened(text, low);
}

function shortened(text: string, keep: number): string {
  const head = Math.ceil(keep * 0.6);
  const tail = keep - head;
  return `${text.slice(0, head)}…${tail > 0 ? text.slice(-tail) : ""}`;
}

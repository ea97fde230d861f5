const plain = 20;
const usualTail = 14;

/** What may be cut of a long name and, after it, what stays; undefined where nothing has to be cut. Of a step the whole partition stays: "orders [2026-01-05]". */
export function splitName(name: string, tail = usualTail): [string, string] | undefined {
  const partition = / \[[^\]]{1,24}\]$/.exec(name)?.[0].length ?? 0;
  const kept = Math.max(tail, partition);
  if (name.length <= plain || name.length <= kept) return undefined;
  return [name.slice(0, -kept), name.slice(-kept)];
}

/** Where a name may go on in the next line: after what separates its parts, not within a word. */
export function breakable(name: string): string[] {
  return name.split(/(?<=[/_.-])(?=[^/_.-])/);
}

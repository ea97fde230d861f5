/** What of a condition's answer is shown unfolded. */

interface Node { name: string; holds: boolean; children?: Node[]; more?: number }

/**
 * Which children brought a node to its answer: those that say the same ("and" that is false: the false ones, "or" that is true: the
 * true ones), or all where none does ("not") — the API names nodes as they are written and does not say how they combine.
 */
export function deciding<N extends { holds: boolean }>(node: { holds: boolean; children?: N[] }): Set<N> {
  const children = node.children ?? [];
  const same = children.filter((child) => child.holds === node.holds);
  return new Set(same.length > 0 ? same : children);
}

/** More than this is a list of assets that say the same, not a reason. */
const mostUnfolded = 8;

/** A node that decides is open, unless it only repeats itself for many assets. */
export const opens = (node: Node, decides: boolean) => decides && (node.children?.length ?? 0) > 0 && deciding(node).size <= mostUnfolded;

/** "missing: true" or "3 of 5 true": what a folded node keeps to itself. Children that were left out are among neither. */
export function foldedText(node: Node): string {
  const children = node.children ?? [];
  const only = node.more ? undefined : children.length === 1 ? children[0] : undefined;
  if (only) return `${only.name}: ${only.holds}`;
  const known = `${children.filter((child) => child.holds).length} of ${children.length} true`;
  return node.more ? `${known}, ${node.more.toLocaleString("en")} more` : known;
}

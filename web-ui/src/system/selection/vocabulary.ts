/** The words that a project's assets give the selection language. */

export interface Described { tags: Record<string, string>; owners: string[]; import: string | null; source: { file: string } | null }
export interface AttributeValues { tags: string[]; owners: string[]; imports: string[]; paths: string[] }

const sorted = (values: Set<string>) => [...values].sort();

/** Values that occur, each once and in order: tags by name and by name and value, source files and the folders they are in. */
export function attributeValues(assets: Iterable<Described>): AttributeValues {
  const tags = new Set<string>(), owners = new Set<string>(), imports = new Set<string>(), paths = new Set<string>();
  for (const asset of assets) {
    for (const [name, value] of Object.entries(asset.tags)) {
      tags.add(name);
      if (value !== "") tags.add(`${name}=${value}`);
    }
    for (const owner of asset.owners) owners.add(owner);
    if (asset.import) imports.add(asset.import);
    for (let path = asset.source?.file ?? ""; path !== ""; path = path.slice(0, Math.max(0, path.lastIndexOf("/")))) paths.add(path);
  }
  return { tags: sorted(tags), owners: sorted(owners), imports: sorted(imports), paths: sorted(paths) };
}

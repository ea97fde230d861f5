import type { FakeAsset, World } from "./world.ts";

/** Enough of the selection language to develop against. Throws the daemon's kind of message. */
export function select(world: World, text: string): FakeAsset[] {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed === "*" || trimmed === "**") return world.assets;
  const tokens = trimmed.match(/"[^"]*"|\d*\+|\(|\)|[^\s()+"]+/g) ?? [];
  let at = 0;
  const parents = (set: Set<string>, depth: number, up: boolean) => {
    let front = [...set];
    for (let d = 0; d < depth && front.length > 0; d++) {
      const wanted = new Set(front);
      const next = up ? front.flatMap((key) => world.byKey.get(key)?.deps ?? []) : world.assets.filter((a) => a.deps.some((dep) => wanted.has(dep))).map((a) => a.key);
      front = next.filter((key) => world.byKey.has(key) && !set.has(key));
      for (const key of front) set.add(key);
    }
    return set;
  };
  const or = (): Set<string> => {
    let left = and();
    while (tokens[at] === "or") { at++; left = new Set([...left, ...and()]); }
    return left;
  };
  const and = (): Set<string> => {
    let left = not();
    while (tokens[at] === "and") { at++; const right = not(); left = new Set([...left].filter((key) => right.has(key))); }
    return left;
  };
  const not = (): Set<string> => {
    if (tokens[at] !== "not") return walk();
    at++;
    const inner = not();
    return new Set(world.assets.map((a) => a.key).filter((key) => !inner.has(key)));
  };
  const walk = (): Set<string> => {
    const up = /^\d*\+$/.test(tokens[at] ?? "") ? tokens[at++]! : null;
    const set = atom();
    const down = /^\d*\+$/.test(tokens[at] ?? "") ? tokens[at++]! : null;
    const levels = tokens[at] && /^\d+$/.test(tokens[at]!) ? Number(tokens[at++]) : Infinity;
    const out = new Set(set);
    if (up) for (const key of parents(new Set(set), up === "+" ? Infinity : parseInt(up), true)) out.add(key);
    if (down) for (const key of parents(new Set(set), down === "+" ? levels : parseInt(down), false)) out.add(key);
    return out;
  };
  const atom = (): Set<string> => {
    const token = tokens[at++] ?? "";
    if (token === "(") { const inner = or(); at++; return inner; }
    const [attr, value] = token.startsWith('"') ? [undefined, undefined] : /^([a-z]+):(.*)$/.exec(token)?.slice(1) ?? [];
    const keep = (f: (a: FakeAsset) => boolean) => new Set(world.assets.filter(f).map((a) => a.key));
    if (attr === "group") return keep((a) => a.group === value);
    if (attr === "kind") return keep((a) => a.kinds.includes(value!));
    if (attr === "status") return keep((a) => a.status === value);
    if (attr === "stale") return keep((a) => String(a.stale) === value);
    const name = token.replaceAll('"', "");
    const pattern = new RegExp(`^${name.replace(/[.]/g, "\\.").replaceAll("**", "\u0000").replaceAll("*", "[^/]*").replaceAll("\u0000", ".*")}$`);
    const found = keep((a) => pattern.test(a.key));
    if (found.size === 0 && !name.includes("*")) throw new Error(`column ${text.indexOf(name) + 1}: nobody defines the asset '${name}'; nearest: '${world.assets[0]?.key ?? ""}'`);
    return found;
  };
  const chosen = or();
  return world.assets.filter((a) => chosen.has(a.key));
}

import type { DefinitionsDiff, DefinitionsVersion, PlanCounts, PlannedChange } from "../../src/api/types.ts";

/** What the definitions said in each version, to look at: the last says what the first said. */
type Said = Record<string, Record<string, unknown>>;

const first: Said = {
  "asset bronze_events": { "run.command": ["python", "load.py"] },
  "asset silver_orders": { "run.timeout_ms": 600_000, deps: ["bronze_events"] },
  "asset legacy_export": { "run.command": ["sh", "export.sh"] },
};
const second: Said = {
  "asset bronze_events": { "run.command": ["python", "load.py", "--since-last"] },
  "asset silver_orders": { "run.timeout_ms": 600_000, deps: ["bronze_events"], description: "Orders, one row each" },
  "check silver_orders.enough_rows": { severity: "error" },
  "schedule nightly": { cron: "0 2 * * *" },
};
const said: Said[] = [first, second, first];

export function versions(): DefinitionsVersion[] {
  return said.map((now, i) => {
    const { added, changed, removed } = countsOf(changesOf(said[i - 1] ?? {}, now));
    const assets = Object.keys(now).filter((name) => name.startsWith("asset ")).length;
    const applied = new Date(Date.now() - 9e6 - (said.length - 1 - i) * 2e8).toISOString();
    return { version: String(i + 1), applied_at: applied, hash: `5f2c9${i}`, assets, added, changed, removed, others: 0, current: i === said.length - 1 };
  }).reverse();
}

export function differences(from: string, to: string): DefinitionsDiff | undefined {
  const before = said[Number(from) - 1], after = said[Number(to) - 1];
  if (!before || !after) return undefined;
  const changes = changesOf(before, after);
  return { from, to, changes, changes_total: changes.length, counts: countsOf(changes) };
}

function changesOf(before: Said, after: Said): PlannedChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((id) => {
    const action = !(id in before) ? "added" : !(id in after) ? "removed" : "changed";
    const fields = action === "changed" ? fieldsOf(before[id]!, after[id]!) : [];
    if (action === "changed" && fields.length === 0) return [];
    const [kind = "", name = ""] = id.split(" ");
    return [{ action, kind, name, renamed_from: null, fields }];
  });
}

function fieldsOf(before: Record<string, unknown>, after: Record<string, unknown>) {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    .map((field) => ({ field, before: before[field] ?? null, after: after[field] ?? null }))
    .filter((one) => JSON.stringify(one.before) !== JSON.stringify(one.after));
}

function countsOf(changes: PlannedChange[]): PlanCounts {
  const of = (action: string) => changes.filter((change) => change.action === action).length;
  return { added: of("added"), changed: of("changed"), removed: of("removed"), renamed: 0 };
}

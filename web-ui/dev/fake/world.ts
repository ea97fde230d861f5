/** The state the development server plays: assets, their layout, runs and events, all in memory and made from a seed. */

import type { AssetStatus, RunStatus, StepStatus } from "../../src/api/types.ts";
import type { Pause } from "./automation.ts";

export interface FakeAsset {
  key: string; group: string; kinds: string[]; deps: string[]; description: string; external: boolean; status: AssetStatus; stale: boolean;
  at: number | null; run: string | null; metadata: Record<string, unknown>; checks: string[]; failedCheck: string | null; owners: string[];
  history: { run_id: string | null; status: StepStatus; at: number; ms: number; metadata: Record<string, unknown> }[]; roots: string[];
  reports: { at: number; by: string; reason: string; metadata: Record<string, unknown> }[];
}
export interface FakeStep {
  index: number; key: string; status: StepStatus; deps: string[]; started: number | null; ended: number | null; ms: number; attempts: number;
  reason: string | null; detail: string | null; roots: string[]; check: string | null; log: () => string[];
}
export interface FakeRun {
  id: string; status: RunStatus; select: string; kind: string; name: string | null; job: string | null; created: number; started: number | null;
  ended: number | null; steps: FakeStep[]; retry_of: string | null; retried_by: string[]; actor: string;
}
export interface World {
  assets: FakeAsset[]; byKey: Map<string, FakeAsset>; runs: FakeRun[]; seq: number; version: number; paused: { reason: string } | null; pauses: Map<string, Pause>;
  events: Set<(type: string, subject: object, changes: object) => void>; audit: object[]; failing: Set<string>; broken: boolean; access: "open" | "token";
}

let seed = 7;
export const random = () => {
  seed = (seed * 1103515245 + 12345) & 0x7fffffff;
  return seed / 0x7fffffff;
};

const blank = (key: string, group: string, kinds: string[], deps: string[], description: string, extra: Partial<FakeAsset> = {}): FakeAsset => ({
  key, group, kinds, deps, description, external: false, status: "never", stale: false, at: null, run: null, metadata: {}, checks: [], failedCheck: null,
  owners: [], history: [], roots: [], reports: [], ...extra,
});

export function shop(): FakeAsset[] {
  const checks = (key: string) => [`not_null_${key}_id`, `unique_${key}_id`];
  return [
    blank("stripe/webhooks", "sources", ["stripe"], [], "Webhook deliveries as Stripe sends them", { external: true }),
    blank("raw_events", "raw", ["python"], ["stripe/webhooks"], "Stripe-like webhook events as nested JSON, loaded into the raw layer", { checks: ["enough_rows"], owners: ["team:platform"] }),
    blank("stg_stripe__charges", "silver", ["dbt", "duckdb"], ["raw_events"], "Successful charges, one row each, in dollars, with the e-mail hashed", { checks: [...checks("charge"), "between_amount_usd_0_1000000"] }),
    blank("stg_stripe__customers", "silver", ["dbt", "duckdb"], ["raw_events"], "Customers as of their last event", { checks: checks("customer") }),
    blank("stg_stripe__refunds", "silver", ["dbt", "duckdb"], ["raw_events"], "Refunds with the charge they undo", { checks: checks("refund") }),
    blank("daily_revenue", "gold", ["dbt", "duckdb"], ["stg_stripe__charges", "stg_stripe__refunds"], "Net revenue by day and currency"),
    blank("gold_customers", "gold", ["dbt", "duckdb"], ["stg_stripe__charges", "stg_stripe__customers"], "One row a customer: tenure, total spend and whether they left", { checks: checks("customer"), owners: ["team:growth"] }),
    blank("customer_churn_model", "ml", ["python", "scikit-learn"], ["gold_customers"], "Predicts churn from gold_customers", { checks: ["accuracy_above_baseline"], owners: ["team:growth"] }),
    blank("weekly_report", "report", ["python"], ["daily_revenue"], "A page of numbers for Monday morning"),
    blank("event_counts", "report", ["python"], ["raw_events"], "How many events of each type arrived"),
  ];
}

export function generated(count: number): FakeAsset[] {
  const layers = Math.max(4, Math.round(Math.sqrt(count) / 3));
  const width = Math.ceil(count / layers);
  const groups = ["landing", "raw", "bronze", "silver", "gold", "marts", "ml", "report"];
  const teams = ["payments", "growth", "risk", "support", "finance"];
  const out: FakeAsset[] = [];
  for (let i = 0; i < count; i++) {
    const layer = Math.floor(i / width);
    const team = teams[Math.floor(((i % width) / width) * teams.length)]!;
    const group = `${team}_${groups[Math.min(groups.length - 1, Math.floor((layer / layers) * groups.length))]}`;
    const deps: string[] = [];
    if (layer > 0) {
      for (let d = 0; d < 3; d++) {
        const near = Math.max(0, Math.min(width - 1, (i % width) + Math.round((random() - 0.5) * 14)));
        const parent = (layer - 1) * width + near;
        if (parent < i && !deps.includes(out[parent]!.key)) deps.push(out[parent]!.key);
      }
    }
    const kind = layer < layers / 3 ? "python" : "dbt";
    out.push(blank(`${group}/${kind === "dbt" ? "stg" : "raw"}_${["orders", "charges", "sessions", "customers", "tickets"][i % 5]}_${String(i).padStart(5, "0")}`, group, [kind], deps, `Generated asset ${i}`, { checks: i % 4 === 0 ? ["not_null_id"] : [] }));
  }
  return out;
}

/** Ranks by longest path, groups stacked: good enough to look at; the daemon's own layout is better. */
export function layout(assets: FakeAsset[]) {
  const index = new Map(assets.map((asset, i) => [asset.key, i]));
  const rank = new Array<number>(assets.length).fill(0);
  assets.forEach((asset, i) => {
    for (const dep of asset.deps) if (index.has(dep)) rank[i] = Math.max(rank[i]!, rank[index.get(dep)!]! + 1);
  });
  const groups = [...new Set(assets.map((asset) => asset.group))];
  const rows = new Map<string, number>();
  const columns = new Map<string, number>();
  const maxRow = new Map<string, number>();
  const cell = assets.map((asset, i) => {
    const name = `${asset.group}|${rank[i]}`;
    const row = rows.get(name) ?? 0;
    rows.set(name, row + 1);
    columns.set(asset.group, Math.min(columns.get(asset.group) ?? Infinity, rank[i]!));
    maxRow.set(asset.group, Math.max(maxRow.get(asset.group) ?? 0, row));
    return row;
  });
  const top = new Map<string, number>();
  const used = new Map<string, [number, number][]>();
  const span = new Map(groups.map((g) => {
    const ranks = assets.flatMap((asset, i) => (asset.group === g ? [rank[i]!] : []));
    return [g, [Math.min(...ranks), Math.max(...ranks)] as [number, number]];
  }));
  for (const g of groups) {
    let y = 0;
    const [a, b] = span.get(g)!;
    for (const [other, at] of top) {
      const [c, d] = span.get(other)!;
      if (a <= d && c <= b) y = Math.max(y, at + (maxRow.get(other)! + 1) * 96 + 72);
    }
    top.set(g, y);
    used.set(g, []);
  }
  const nodes = assets.map((asset, i) => ({ key: asset.key, x: rank[i]! * 320 + 110, y: top.get(asset.group)! + cell[i]! * 96 + 36, group: asset.group, kinds: asset.kinds, external: asset.external }));
  const boxes = groups.map((name) => {
    const members = nodes.flatMap((node, i) => (node.group === name ? [i] : []));
    const xs = members.map((i) => nodes[i]!.x), ys = members.map((i) => nodes[i]!.y);
    const x = Math.min(...xs) - 126, y = Math.min(...ys) - 52;
    return { name, x, y, width: Math.max(...xs) + 126 - x, height: Math.max(...ys) + 52 - y, nodes: members };
  });
  const edges = assets.flatMap((asset, i) => asset.deps.flatMap((dep) => (index.has(dep) ? [[index.get(dep)!, i] as [number, number]] : [])));
  return { nodes, edges, groups: boxes, width: 320 * (Math.max(0, ...rank) + 1), height: 1000 };
}

import type { Automation, AutomationDetail, AutomationPause as Pause, ConditionAnswer as Answer, Evaluation } from "../../src/api/types.ts";
import type { FakeAsset, World } from "./world.ts";

/** Conditions and their answers, near enough to core/automation to look at. */
export type { Pause };

const longOne = 'on_cron("0 6 * * *", "Europe/London") or (since(any_deps_updated("group:silver and kind:dbt"), newly_requested) and checks_passed and not any_deps_in_progress)';

function conditionOf(world: World, asset: FakeAsset): string | null {
  if (asset.external || asset.deps.length === 0 || world.runs.length === 0) return null;
  if (asset.key === "gold_customers") return longOne;
  return asset.group === "report" ? 'on_cron("0 6 * * *", "Europe/London")' : "eager";
}

const leaf = (name: string, holds: boolean, reason: string): Answer => ({ name, holds, reason });
const of = (name: string, holds: boolean, reason: string, children: Answer[], more?: number): Answer => ({ name, holds, reason, children, more });

function deps(world: World, asset: FakeAsset, name: string, all: boolean, child: (parent: FakeAsset) => Answer): Answer {
  const parents = asset.deps.map((key) => world.byKey.get(key)!);
  const children = parents.map((parent) => ({ ...child(parent), asset: parent.key }));
  const holding = children.filter((one) => one.holds).length;
  const holds = all ? holding === children.length : holding > 0;
  return { name, holds, reason: `true of ${holding} of ${children.length} ${children.length === 1 ? "asset" : "assets"} above`, children: children.slice(0, 50), more: children.length > 50 ? children.length - 50 : undefined };
}

const not = (child: Answer) => of("not", !child.holds, child.holds ? "what stands in it is true" : "what stands in it is false", [child]);
const all = (name: string, children: Answer[]) => {
  const holds = children.every((one) => one.holds);
  return of(name, holds, holds ? "all of it is true" : "not all of it is true", children);
};
const making = (asset: FakeAsset) => leaf("in_progress", asset.status === "materializing", asset.status === "materializing" ? "a run that is not over is to make it" : "no run is making it");

function answerOf(world: World, asset: FakeAsset): Answer {
  const due = asset.key === "stg_stripe__refunds";
  const updated = deps(world, asset, "any_deps_updated", false, () => of("or", due, due ? "some of it is true" : "none of it is true", [
    leaf("newly_updated", due, due ? "it was materialized since the evaluation before" : "it was not materialized since the evaluation before"), leaf("requested", false, "this evaluation does not ask for it"),
  ]));
  const trigger = of("or", due, due ? "some of it is true" : "none of it is true", [of("newly_missing", false, "it did not become true with this evaluation", [leaf("missing", asset.at === null, asset.at === null ? "it was never materialized" : "it has been materialized")]), updated]);
  const handled = of("handled", false, "none of it is true", [leaf("newly_requested", false, "the evaluation before did not ask for it"), leaf("newly_updated", false, "it was not materialized since the evaluation before")]);
  const missing = deps(world, asset, "any_deps_missing", false, (parent) => all("and", [
    leaf("missing", parent.at === null && !parent.external, parent.at === null && !parent.external ? "it was never materialized" : "it has been materialized"), not(leaf("requested", false, "this evaluation does not ask for it")),
  ]));
  return all(asset.key === "gold_customers" ? "or" : asset.group === "report" ? "on_cron" : "eager", [
    leaf("in_latest_time_window", true, "it is in the newest window of time, or has none"),
    of("since_last_handled", due, due ? "the first became true, and the second has not since" : "the first has not become true since the second was", [trigger, handled]),
    not(missing), not(deps(world, asset, "any_deps_in_progress", false, making)), not(making(asset)),
  ]);
}

export function automationOf(world: World, asset: FakeAsset): Automation {
  const condition = conditionOf(world, asset);
  const asked = asset.history.find((one) => one.status === "succeeded");
  const holds = condition !== null && answerOf(world, asset).holds;
  return {
    next: condition === null ? null : holds ? "its condition is true: it is asked for next" : `when ${asset.deps.join(" or ") || "its next partition"} is updated`, held: null,
    key: asset.key, condition, holds, requested_at: condition && asked ? new Date(asked.at - asked.ms).toISOString() : null,
    run_id: condition && asked ? asked.run_id : null, paused: world.pauses.get(asset.key) ?? null,
  };
}

export const automated = (world: World) => world.assets.map((asset) => automationOf(world, asset)).filter((one) => one.condition !== null || one.paused !== null).sort((a, b) => (a.key < b.key ? -1 : 1));
export const automationDetail = (world: World, asset: FakeAsset): AutomationDetail => ({ ...automationOf(world, asset), answer: conditionOf(world, asset) === null ? null : answerOf(world, asset), as_of: world.seq });

export function evaluations(world: World, asset: FakeAsset): Evaluation[] {
  if (conditionOf(world, asset) === null) return [];
  const answer = answerOf(world, asset);
  return [...asset.history, ...asset.history].flatMap((one, i) => [
    { id: String(2 * i + 2), at: new Date(one.at - i * 9e6).toISOString(), holds: false, run_id: null, answer: { ...answer, holds: false, reason: "not all of it is true" } },
    { id: String(2 * i + 1), at: new Date(one.at - one.ms - i * 9e6).toISOString(), holds: true, run_id: one.run_id, answer: { ...answer, holds: true, reason: "all of it is true", children: answer.children!.map((child) => ({ ...child, holds: true })) } },
  ]);
}

/** Pauses or resumes one asset's automation, or all of it: "". */
export function setPause(world: World, key: string, verb: string, body: Record<string, unknown>) {
  if (verb === "pause") world.pauses.set(key, { by: "ana", reason: String(body.reason), at: new Date().toISOString(), until: (body.until as string | undefined) ?? null });
  else world.pauses.delete(key);
  return { key: key || null, paused: verb === "pause" };
}

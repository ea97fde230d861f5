/** What a plan says in sentences beside its list of changes. */
interface KeyList { keys: string[]; total: number }
type StaleCause = "added" | "code_changed" | "data_changed";
interface Backfill { id: string; renamed: Record<string, string>; ends: string | null }
interface MissingPartitions { key: string; missing: number; more_missing: boolean; in_run: number }
/** Of POST /definitions/plan. */
export interface PlannedEffects {
  stale: KeyList & { causes?: Record<string, StaleCause> };
  schedules_started: string[]; schedules_stopped: string[]; sensors_started: string[]; sensors_stopped: string[];
  automation_started: KeyList; automation_stopped: KeyList; backfills: Backfill[]; partitions?: MissingPartitions[];
}

const named = 10;
const because: Record<StaleCause, string> = { added: " (new)", code_changed: " (its code changes)", data_changed: " (made from other assets)" };

/** "2 assets are to be computed anew: b (its code changes), c." */
function assetsText({ keys, total, causes }: KeyList & { causes?: Record<string, StaleCause> }, what: string) {
  const shown = keys.slice(0, named).map((key) => { const cause = causes?.[key]; return key + (cause ? because[cause] : ""); });
  const more = total > shown.length ? ` and ${(total - shown.length).toLocaleString("en")} more` : "";
  return `${total.toLocaleString("en")} ${total === 1 ? "asset is" : "assets are"} ${what}: ${shown.join(", ")}${more}.`;
}

/** What a run that names no partitions leaves out. */
function partitionsText({ key, missing, more_missing, in_run }: MissingPartitions) {
  const lines = [];
  if (in_run > 0) lines.push(`Of ${key} a run makes ${in_run === 1 ? "the latest partition" : `${in_run} partitions`}; a backfill of what is stale makes the others.`);
  if (missing > 0 && more_missing) lines.push(`${missing.toLocaleString("en")} ${missing === 1 ? "partition" : "partitions"} of ${key} ${missing === 1 ? "is" : "are"} missing; a backfill makes them.`);
  return lines;
}

function backfillText({ id, renamed, ends }: Backfill) {
  if (ends) return `Backfill ${id} ends: ${ends}.`;
  return `Backfill ${id} goes on with ${Object.entries(renamed).map(([was, is]) => `${is} (was ${was})`).join(", ")}.`;
}

export function consequences(plan: PlannedEffects) {
  const assets = [
    { list: plan.automation_started, what: "made by a condition from now on" },
    { list: plan.automation_stopped, what: "made by no condition any more" },
    { list: plan.stale, what: "to be computed anew" },
  ];
  return [
    ...plan.schedules_started.map((name) => `Schedule ${name} starts to tick.`),
    ...plan.schedules_stopped.map((name) => `Schedule ${name} no longer ticks.`),
    ...plan.sensors_started.map((name) => `Sensor ${name} starts to look.`),
    ...plan.sensors_stopped.map((name) => `Sensor ${name} no longer looks.`),
    ...plan.backfills.map(backfillText),
    ...assets.filter(({ list }) => list.total > 0).map(({ list, what }) => assetsText(list, what)),
    ...(plan.partitions ?? []).flatMap(partitionsText),
  ];
}

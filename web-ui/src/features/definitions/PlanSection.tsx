import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { applyDefinitions } from "@/api/actions";
import { keys } from "@/api/keys";
import type { DefinitionsPlan, PlanCounts, StaleCause } from "@/api/types";
import { toastProblem } from "@/ui/Materialize";
import { StateIcon } from "@/ui/StateIcon";
import { ChangeList } from "./ChangeList";

export function countsText(counts: PlanCounts) {
  const parts = [counts.added && `${counts.added} to add`, counts.changed && `${counts.changed} to change`, counts.removed && `${counts.removed} to remove`, counts.renamed && `${counts.renamed} renamed`];
  return parts.filter(Boolean).join(", ") || "nothing to change";
}

/** What applying the files would do, and the button that does it. */
export function PlanSection({ plan, onDone }: { plan: DefinitionsPlan; onDone: () => void }) {
  const client = useQueryClient();
  const apply = useMutation({
    mutationFn: () => applyDefinitions(plan.id),
    onSuccess: (data) => {
      client.setQueryData(keys.definitions, data);
      void client.invalidateQueries({ queryKey: keys.definitionVersions });
      notifications.show({ title: "Definitions applied", message: `Version ${data.version}, ${data.assets} assets`, icon: <StateIcon state="ok" size={18} />, color: "transparent" });
      onDone();
    },
    onError: toastProblem("The plan was not applied"),
  });
  return (
    <section className="section" aria-label="Plan">
      <div className="row wrap" style={{ justifyContent: "space-between", gap: 12 }}>
        <h2>Plan <span className="count">{plan.changes_total}</span></h2>
        <div className="row tight">
          <Button variant="default" onClick={onDone}>Close</Button>
          {plan.changes_total > 0 && <Button loading={apply.isPending} onClick={() => apply.mutate()}>Apply</Button>}
        </div>
      </div>
      <div className="dim" style={{ margin: "4px 0 10px" }}>{countsText(plan.counts)}{plan.base_version && `, on top of version ${plan.base_version}`}</div>
      <Consequences plan={plan} />
      <ChangeList changes={plan.changes} total={plan.changes_total} />
    </section>
  );
}

const named = 10;
const because: Record<StaleCause, string> = { added: " (new)", code_changed: " (its code changes)", data_changed: " (made from other assets)" };

/** "2 assets are to be computed anew: b (its code changes), c." */
export function staleText({ keys, total, causes }: DefinitionsPlan["stale"]) {
  const shown = keys.slice(0, named).map((key) => { const cause = causes?.[key]; return key + (cause ? because[cause] : ""); });
  const more = total > shown.length ? ` and ${(total - shown.length).toLocaleString("en")} more` : "";
  return `${total.toLocaleString("en")} ${total === 1 ? "asset is" : "assets are"} to be computed anew: ${shown.join(", ")}${more}.`;
}

/** What a run that names no partitions leaves out. */
export function partitionsText({ key, missing, more_missing, in_run }: NonNullable<DefinitionsPlan["partitions"]>[number]) {
  const lines = [];
  if (in_run > 0) lines.push(`Of ${key} a run makes ${in_run === 1 ? "the latest partition" : `${in_run} partitions`}; a backfill of what is stale makes the others.`);
  if (missing > 0 && more_missing) lines.push(`${missing.toLocaleString("en")} ${missing === 1 ? "partition" : "partitions"} of ${key} ${missing === 1 ? "is" : "are"} missing; a backfill makes them.`);
  return lines;
}

function Consequences({ plan }: { plan: DefinitionsPlan }) {
  const lines = [
    ...plan.schedules_started.map((name) => `Schedule ${name} starts to tick.`),
    ...plan.schedules_stopped.map((name) => `Schedule ${name} no longer ticks.`),
    ...(plan.stale.total > 0 ? [staleText(plan.stale)] : []),
    ...(plan.partitions ?? []).flatMap(partitionsText),
  ];
  if (lines.length === 0) return null;
  return <ul className="dim" style={{ margin: "0 0 12px", paddingLeft: 18 }}>{lines.map((line) => <li key={line}>{line}</li>)}</ul>;
}

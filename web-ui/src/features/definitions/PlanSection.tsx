import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { applyDefinitions } from "@/api/actions";
import { keys } from "@/api/keys";
import type { DefinitionsPlan, PlanCounts, PlannedChange } from "@/api/types";
import { toastProblem } from "@/ui/Materialize";
import { StateIcon } from "@/ui/StateIcon";

const SIGNS = { added: "+", changed: "~", removed: "−", renamed: ">" } as const;
const COLOURS = { added: "var(--ok-text)", changed: "var(--stale-text)", removed: "var(--fail-text)", renamed: "var(--stale-text)" } as const;

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
      <div className="column" style={{ gap: 8 }}>{plan.changes.map((change) => <Change key={`${change.kind} ${change.name}`} change={change} />)}</div>
      {plan.changes_total > plan.changes.length && <div className="dim" style={{ marginTop: 8 }}>… and {(plan.changes_total - plan.changes.length).toLocaleString("en")} more</div>}
    </section>
  );
}

function Consequences({ plan }: { plan: DefinitionsPlan }) {
  const lines = [
    ...plan.schedules_started.map((name) => `Schedule ${name} starts to tick.`),
    ...plan.schedules_stopped.map((name) => `Schedule ${name} no longer ticks.`),
    ...(plan.stale.total > 0 ? [`${plan.stale.total.toLocaleString("en")} ${plan.stale.total === 1 ? "asset is" : "assets are"} to be computed anew, with what is below.`] : []),
  ];
  if (lines.length === 0) return null;
  return <ul className="dim" style={{ margin: "0 0 12px", paddingLeft: 18 }}>{lines.map((line) => <li key={line}>{line}</li>)}</ul>;
}

const shown = (value: unknown) => (value === null ? "not set" : typeof value === "string" ? value : JSON.stringify(value));

function Change({ change }: { change: PlannedChange }) {
  return (
    <div>
      <div style={{ overflowWrap: "anywhere" }}>
        <span className="mono" aria-hidden="true" style={{ color: COLOURS[change.action] }}>{SIGNS[change.action]} </span>
        <span className="dim">{change.kind} </span><span className="strong">{change.name}</span>
        <span className="dim"> {change.action}{change.renamed_from && `, was ${change.renamed_from}`}</span>
      </div>
      {change.fields.map((field) => (
        <div key={field.field} className="row wrap" style={{ gap: "0 8px", paddingLeft: 18, overflowWrap: "anywhere" }}>
          <span className="mono dim">{field.field}</span>
          <span className="mono">{shown(field.before)}</span><span className="dim">→</span><span className="mono">{shown(field.after)}</span>
        </div>
      ))}
    </div>
  );
}

import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { applyDefinitions } from "@/api/actions";
import { keys } from "@/api/keys";
import type { DefinitionsPlan, PlanCounts } from "@/api/types";
import { consequences } from "@/system/definitions/plan";
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

function Consequences({ plan }: { plan: DefinitionsPlan }) {
  const lines = consequences(plan);
  if (lines.length === 0) return null;
  return <ul className="dim" style={{ margin: "0 0 12px", paddingLeft: 18 }}>{lines.map((line) => <li key={line}>{line}</li>)}</ul>;
}

import { Button, NumberInput, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { createBackfill, createRun } from "@/api/actions";
import { ApiError } from "@/api/client";
import { keys as cacheKeys } from "@/api/keys";
import { backfillPlanQuery, planQuery } from "@/api/queries";
import type { BackfillPlan, PartitionChoice, RunPlan } from "@/api/types";
import { Dialog } from "./Dialog";
import { KeyName } from "./KeyName";
import { StateIcon } from "./StateIcon";
import { toastProblem, toastRun } from "./toasts";
import "./partitions.css";

export type Which = "latest" | "all" | "missing" | "failed" | "stale" | "range" | "keys";
/** What the dialog opens with; `todo`: of `keys` those that are missing or failed. */
export interface PartitionsAsked { which: Which; how: "run" | "backfill"; from?: string; to?: string; keys?: string[]; todo?: string[] }

interface Props { select: string; single?: boolean | undefined; asked: PartitionsAsked; close: () => void }

const says: Record<Which, string> = {
  latest: "The last window of time that has ended.", all: "All that there are until now.",
  missing: "Those that were never made.", failed: "Those whose last attempt failed.",
  stale: "Those that are missing, of other code, or older than what they are made from.", range: "", keys: "",
};
const words: [Which, string][] = [["latest", "Latest"], ["missing", "Missing"], ["failed", "Failed"], ["stale", "Stale"], ["all", "All"], ["range", "From – to"], ["keys", "By key"]];

export const count = (n: number, one: string) => `${n.toLocaleString("en")} ${n === 1 ? one : `${one}s`}`;

export function toastBackfill(plan: BackfillPlan) {
  notifications.show({
    title: <span>Backfill <Link to="/backfills/$id" params={{ id: plan.id ?? "" }} className="link" style={{ textDecoration: "underline" }}>{plan.id}</Link> {plan.status}</span>,
    message: count(plan.partitions_total, "partition"), icon: <StateIcon state="running" size={18} />, color: "transparent", autoClose: 8000,
  });
}

/** Which partitions, in one run or run by run; what that would do stands below before it is done. */
export function PartitionsDialog(props: Props) {
  return (
    <Dialog opened close={props.close} title="Materialize partitions" size={580}>
      <Fields {...props} />
    </Dialog>
  );
}

const around = (select: string) => (/[\s()]/.test(select) ? `(${select})` : select);

function Fields({ select, single, asked, close }: Props) {
  const client = useQueryClient();
  const [scope, setScope] = useState("only");
  const [how, setHow] = useState(asked.how);
  const [which, setWhich] = useState<Which>(asked.which);
  const [from, setFrom] = useState(asked.from ?? "");
  const [to, setTo] = useState(asked.to ?? "");
  const [keys, setKeys] = useState((asked.keys ?? []).join("\n"));
  const [runs, setRuns] = useState(4);
  const [order, setOrder] = useState("oldest");
  const what = scope === "up" ? `+${around(select)}` : scope === "down" ? `${around(select)}+` : select;
  const [choice] = useDebouncedValue(chosen(which, from, to, keys), 250);
  const plan = useQuery({ ...planQuery(what, "all", choice ?? "latest"), enabled: how === "run" && choice !== null });
  const backfill = useQuery({ ...backfillPlanQuery({ select: what, partitions: choice ?? "latest" }), enabled: how === "backfill" && choice !== null });
  const ready = how === "run" ? plan.data : backfill.data;
  const start = useMutation({
    mutationFn: async () => {
      const partitions = choice ?? "latest";
      if (how === "run") toastRun(await createRun({ select: what, partitions }));
      else toastBackfill(await createBackfill({ select: what, partitions, max_runs: runs, order: order === "newest" ? "newest" : "oldest" }));
    },
    onError: toastProblem(how === "run" ? "The run was not started" : "The backfill was not started"),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: how === "run" ? cacheKeys.runs : cacheKeys.backfills });
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready && choice) start.mutate();
  };
  return (
    <form className="column" style={{ gap: 14 }} onSubmit={submit}>
      <div className="row wrap"><span className="mono strong grow" style={{ overflowWrap: "anywhere", flexBasis: 160 }}>{what}</span>
        {single && <SegmentedControl value={scope} onChange={setScope} aria-label="How far" data={[{ value: "only", label: "Only it" }, { value: "up", label: "With upstream" }, { value: "down", label: "With downstream" }]} />}
      </div>
      <fieldset className="pick">
        <legend>Which partitions</legend>
        <div className="row wrap" style={{ gap: 2, marginLeft: -6 }}>
          {words.map(([value, label]) => <button key={value} type="button" className="chip" aria-pressed={which === value} data-on={which === value || undefined} onClick={() => setWhich(value)}>{label}</button>)}
        </div>
        <div className="pick-more">
          {which === "range" ? (
            <div className="row" style={{ alignItems: "flex-start" }}>
              <TextInput className="grow" label="From" placeholder="2026-01-01" value={from} onChange={(event) => setFrom(event.currentTarget.value)} data-autofocus />
              <TextInput className="grow" label="To, included" placeholder="2026-01-31" value={to} onChange={(event) => setTo(event.currentTarget.value)} />
            </div>
          ) : which === "keys" ? <Textarea aria-label="Keys, one a line" placeholder="One key a line" rows={2} value={keys} onChange={(event) => setKeys(event.currentTarget.value)} />
            : <span className="dim">{says[which]}</span>}
          {asked.todo && asked.keys && asked.todo.length > 0 && asked.todo.length < asked.keys.length && (
            <div className="row small" style={{ gap: 4 }}>
              <button type="button" className="plain-link" onClick={() => { setWhich("keys"); setKeys(asked.todo!.join("\n")); }}>Only the {asked.todo.length.toLocaleString("en")} of these that are missing or failed</button>
            </div>
          )}
        </div>
      </fieldset>
      <fieldset className="pick">
        <legend>How</legend>
        <SegmentedControl fullWidth value={how} onChange={(value) => setHow(value === "run" ? "run" : "backfill")} aria-label="How" data={[{ value: "run", label: "In one run" }, { value: "backfill", label: "Backfill, run by run" }]} />
        <div className="pick-more">
          {how === "run" ? <span className="dim">All at once, each partition a step of its own. A failed one holds back only what is made from it.</span> : (
            <div className="row" style={{ alignItems: "flex-end" }}>
              <NumberInput size="xs" label="Runs at once" value={runs} min={1} max={10_000} allowDecimal={false} onChange={(value) => setRuns(Math.max(1, Number(value) || 1))} w={110} />
              <SegmentedControl value={order} onChange={setOrder} aria-label="Order" data={[{ value: "oldest", label: "Oldest first" }, { value: "newest", label: "Newest first" }]} />
            </div>
          )}
        </div>
      </fieldset>
      <div className="pick-plan" aria-label="What it would do" role="group">
        {choice === null ? <span className="dim">Say which partitions.</span> : how === "run" ? <RunPreview plan={plan.data} error={plan.error} /> : <BackfillPreview plan={backfill.data} error={backfill.error} />}
      </div>
      <Button type="submit" loading={start.isPending} disabled={!ready || choice === null}>{submitText(how, plan.data, backfill.data)}</Button>
    </form>
  );
}

function submitText(how: "run" | "backfill", plan: RunPlan | undefined, backfill: BackfillPlan | undefined): string {
  if (how === "run") return plan ? `Materialize ${count(plan.steps_total, "step")}` : "Materialize";
  return backfill ? `Start backfill of ${count(backfill.partitions_total, "partition")}` : "Start backfill";
}

/** Null: not all of it is said yet. */
function chosen(which: Which, from: string, to: string, keys: string): PartitionChoice | null {
  if (which === "range") return from.trim() && to.trim() ? { from: from.trim(), to: to.trim() } : null;
  if (which !== "keys") return which;
  const list = keys.split("\n").map((key) => key.trim()).filter(Boolean);
  return list.length > 0 ? list : null;
}

function Trouble({ error }: { error: unknown }) {
  return <div className="bad" style={{ overflowWrap: "anywhere" }}>{error instanceof ApiError ? error.detail || error.title : String(error)}</div>;
}

/** How many of what, and from when to when: a long name gives way, then the stretch goes below. */
const Line = ({ name, count: n, right }: { name: string; count: number; right: string }) => (
  <div className="pick-line"><span className="row tight"><span className="clip" title={name}><KeyName name={name} /></span><span className="dim num nowrap">× {n.toLocaleString("en")}</span></span><span className="dim num nowrap">{right}</span></div>
);

/** Its steps by asset: how many partitions of each, the first and the last. */
function RunPreview({ plan, error }: { plan: RunPlan | undefined; error: unknown }) {
  if (error) return <Trouble error={error} />;
  if (!plan) return <span className="dim">Planning…</span>;
  const assets = [...Map.groupBy(plan.steps, (step) => step.key)];
  return (
    <>
      <div className="strong">Would run {count(plan.steps_total, "step")}</div>
      {assets.slice(0, 6).map(([key, steps]) => <Line key={key} name={key} count={steps.length} right={stretch(steps[0]!.partition, steps.at(-1)!.partition)} />)}
      {assets.length > 6 && <div className="dim small">and {count(assets.length - 6, "more asset")}</div>}
    </>
  );
}

const stretch = (first: string | null, last: string | null) => (first === null ? "" : first === last ? first : `${first} … ${last}`);

function BackfillPreview({ plan, error }: { plan: BackfillPlan | undefined; error: unknown }) {
  if (error) return <Trouble error={error} />;
  if (!plan) return <span className="dim">Planning…</span>;
  const runs = plan.groups.reduce((sum, group) => sum + group.runs, 0);
  return (
    <>
      <div className="strong">Would make {count(plan.partitions_total, "partition")} in {count(runs, "run")}</div>
      {plan.groups.slice(0, 6).map((group, i) => <Line key={i} name={group.assets.join(", ")} count={group.partitions} right={stretch(group.first, group.last)} />)}
      {plan.groups.length > 6 && <div className="dim small">and {count(plan.groups.length - 6, "more group")}</div>}
    </>
  );
}

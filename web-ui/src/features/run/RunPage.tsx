import { Button, Tooltip } from "@mantine/core";
import { IconPlayerStopFilled, IconRefresh } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import { cancelRun, retryRun } from "@/api/actions";
import { runQuery, stepsQuery } from "@/api/queries";
import type { Run, Step } from "@/api/types";
import { formatDuration, localTimes } from "@/system/time/format";
import { CopyButton } from "@/ui/CopyButton";
import { CountsList } from "@/ui/Counts";
import { AssetLink, BackfillLink, RunLink } from "@/ui/links";
import { Loaded } from "@/ui/Loaded";
import { toastProblem, toastRun } from "@/ui/Materialize";
import { PageHead } from "@/ui/Page";
import { StateIcon } from "@/ui/StateIcon";
import { stateMeta } from "@/ui/stateMeta";
import { Ago, Duration } from "@/ui/Time";
import { triggerText, whatClass, whatText } from "@/ui/triggerText";
import { CauseCard } from "./CauseCard";
import { Gantt } from "./Gantt";
import { LogPanel } from "./LogPanel";
import { PriorityButton } from "./PriorityButton";
import { sameStep, shownCheck, stepText, type SelectStep } from "./stepOf";
import "./run.css";

const route = getRouteApi("/runs/$id");

export function RunPage() {
  const { id } = route.useParams();
  const run = useQuery(runQuery(id));
  return <Loaded query={run}>{(data) => <RunBody key={data.id} run={data} />}</Loaded>;
}

const noSteps: Step[] = [];
const over = (run: Run) => run.ended_at !== null;

function RunBody({ run }: { run: Run }) {
  const steps = useQuery(stepsQuery(run.id));
  const search = route.useSearch();
  const navigate = useNavigate();
  const select = useCallback<SelectStep>((step, attempt, check) => void navigate({
    to: "/runs/$id", params: { id: run.id }, search: (old) => ({ ...old, step: step.key, partition: step.partition ?? undefined, check, attempt: attempt ? String(attempt) : undefined, line: undefined }), replace: true,
  }), [navigate, run.id]);
  const setZoom = useCallback((view: string | undefined) => void navigate({ to: "/runs/$id", params: { id: run.id }, search: (old) => ({ ...old, view }), replace: true }), [navigate, run.id]);
  const shown = steps.data ? chooseStep(steps.data, search.step, search.partition, run) : undefined;
  const check = shown && shownCheck(shown, search, run.causes);
  return (
    <div className="page scroll run">
      <PageHead name={`Run ${run.id}`} title={<span className="row" style={{ gap: 10 }}><StateIcon state={run.status} size={19} /><span>Run <span className="num">#{run.id}</span></span></span>} actions={<Actions run={run} />}>
        <Facts run={run} />
      </PageHead>
      {run.blocked_by.length > 0 && <InLine run={run} />}
      {run.causes.length === 0 && <Why run={run} />}
      {run.causes.length > 0 && <CauseCard run={run} steps={steps.data ?? noSteps} select={select} />}
      <Loaded query={steps}>
        {(data) => (
          <>
            <Gantt run={run} steps={data} selected={shown} select={select} zoom={search.view} setZoom={setZoom} />
            {shown && <LogPanel key={`${stepText(shown)}/${check ?? ""}/${search.attempt ?? ""}`} run={run} step={shown} check={check} attempt={search.attempt ? Number(search.attempt) : undefined} />}
          </>
        )}
      </Loaded>
    </div>
  );
}

/** The step of the address, else the cause, else what runs now, else the first that ran. */
function chooseStep(steps: Step[], wanted: string | undefined, partition: string | undefined, run: Run): Step | undefined {
  const cause = run.causes[0];
  return steps.find((step) => step.key === wanted && (partition === undefined || step.partition === partition)) ?? (cause && steps.find((step) => sameStep(step, cause))) ?? steps.find((step) => step.status === "running")
    ?? steps.find((step) => step.attempts.length > 0) ?? steps[0];
}

function Facts({ run }: { run: Run }) {
  return (
    <div className="run-facts">
      <span className="strong">{stateMeta(run.status).label}</span>
      <span className={`${whatClass(run)} run-what`} title={run.select}>{whatText(run)}</span>
      <span className="dim"><StartedBy run={run} />, <Ago at={run.created_at} /></span>
      <span className="dim">
        <Duration from={run.started_at} to={run.ended_at} ms={over(run) ? run.duration_ms : null} />
        {run.usual_ms !== null && <> · usually {formatDuration(run.usual_ms)}</>}
      </span>
      {run.partitions && <span className="num" title={run.partitions}>{run.partitions}</span>}
      <CountsList counts={run.counts} />
      {run.priority !== 0 && <span className="dim">priority {run.priority}</span>}
      {run.max_steps !== null && <span className="dim">at most {run.max_steps} processes at once</span>}
      {run.retry_of && <span className="dim">retry of <RunLink id={run.retry_of} /></span>}
      {run.retried_by.length > 0 && <span className="dim">retried by {run.retried_by.map((id) => <RunLink key={id} id={id} />)}</span>}
    </div>
  );
}

/** A schedule and the asset whose automation it was are a click away. */
function StartedBy({ run }: { run: Run }) {
  const { kind, name } = run.trigger;
  if (run.backfill) return <span className="why"><BackfillLink id={run.backfill}>{kind === "backfill" ? triggerText(run) : `${triggerText(run)}, of backfill ${run.backfill}`}</BackfillLink></span>;
  if (kind === "schedule" && name) return <Link to="/automation" search={{ schedule: name }} className="link">{triggerText(run)}</Link>;
  if (kind === "automation") return name ? <AssetLink name={name} tab="automation">{triggerText(run)}</AssetLink> : <Link to="/automation" search={{ tab: "assets" }} className="link">{triggerText(run)}</Link>;
  return <>{triggerText(run)}</>;
}

/** Of a run that no step of its own ended: its timeout, a cancel, a queue in which it waited too long. */
function Why({ run }: { run: Run }) {
  if (!run.detail || (run.status !== "failed" && run.status !== "canceled")) return null;
  return (
    <div className={run.status === "failed" ? "notice bad" : "notice"} role="status">
      <StateIcon state={run.status} size={16} />
      <div className="strong">{localTimes(run.detail.charAt(0).toUpperCase() + run.detail.slice(1))}</div>
    </div>
  );
}

/** A queued run: what it waits for, and its place in line to be changed. */
function InLine({ run }: { run: Run }) {
  return (
    <div className="notice" role="status">
      <StateIcon state="queued" size={16} />
      <div><span className="strong">It waits to begin, for <Duration from={run.created_at} /> now.</span> {run.blocked_by.map((blocker) => `${blocker.what}: ${localTimes(blocker.detail)}`).join("; ")}</div>
      <span className="spacer" />
      <PriorityButton run={run} />
    </div>
  );
}

function Actions({ run }: { run: Run }) {
  const navigate = useNavigate();
  const cancel = useMutation({ mutationFn: () => cancelRun(run.id), onError: toastProblem("The run was not canceled") });
  const retry = useMutation({
    mutationFn: (from: "failure" | "start") => retryRun(run.id, { from }), onError: toastProblem("The retry was not started"),
    onSuccess: (plan) => {
      toastRun(plan, "Retry");
      if (plan.id) void navigate({ to: "/runs/$id", params: { id: plan.id }, search: {} });
    },
  });
  const left = run.counts.failed + run.counts.skipped + run.counts.canceled;
  if (!over(run)) {
    return <Button variant="default" leftSection={<IconPlayerStopFilled size={12} />} loading={cancel.isPending} disabled={run.status === "canceling"} onClick={() => cancel.mutate()}>{run.status === "canceling" ? "Canceling…" : "Cancel run"}</Button>;
  }
  return (
    <>
      <CopyButton label="Copy a summary" text={() => summary(run)}>Copy</CopyButton>
      <Button variant="default" onClick={() => retry.mutate("start")} disabled={retry.isPending}>Run all again</Button>
      {left > 0 && (
        <Tooltip label={`Runs exactly what failed, was skipped or canceled: ${left} of ${run.steps_total} steps`}>
          <Button data-first="" leftSection={<IconRefresh size={14} />} loading={retry.isPending} onClick={() => retry.mutate("failure")}>Retry from failure ({left.toLocaleString("en")})</Button>
        </Tooltip>
      )}
    </>
  );
}

function summary(run: Run): string {
  const causes = run.causes.map((cause) => `- ${stepText(cause)}: ${cause.detail ?? cause.reason}`).join("\n");
  return `Run #${run.id} ${run.status}: ${run.detail ?? run.select}\n${causes}\n${location.origin}/runs/${run.id}`;
}

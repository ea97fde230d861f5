import { ActionIcon, NativeSelect, SegmentedControl, Switch, TextInput, Tooltip } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconDownload, IconSearch } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi, useNavigate, useRouter } from "@tanstack/react-router";
import { useCallback, useDeferredValue, useMemo, useState } from "react";
import { fetchWholeLog } from "@/api/queries";
import type { Run, Step } from "@/api/types";
import { levels } from "@/system/log/level";
import { BlockedBy } from "@/ui/BlockedBy";
import { AssetLink, AssetPartitionLink } from "@/ui/links";
import { toastProblem } from "@/ui/Materialize";
import { StateIcon } from "@/ui/StateIcon";
import { reasonText, stateMeta } from "@/ui/stateMeta";
import { LogLines } from "./LogLines";
import { checksWithLog } from "./stepOf";
import { useLog, type LogState } from "./useLog";

const route = getRouteApi("/runs/$id");

interface Props { run: Run; step: Step; check: string | undefined; attempt: number | undefined }

/** The output of one attempt of one step, or of one of its checks that have a process of their own. */
export function LogPanel({ run, step, check, attempt }: Props) {
  const search = route.useSearch();
  const navigate = useNavigate();
  const set = useCallback((change: Partial<typeof search>) => void navigate({ to: "/runs/$id", params: { id: run.id }, search: (old) => ({ ...old, ...change }), replace: true }), [navigate, run.id]);
  const stream = search.stream ?? "all";
  const shownAttempt = check ? attempt : attempt ?? step.attempts.at(-1)?.number;
  const hasLog = check !== undefined || step.attempts.length > 0;
  const shown = check ? undefined : step.attempts.find((one) => one.number === shownAttempt);
  const batch = shown?.batch.length ?? 1;
  return (
    <section className="log" aria-label="Log">
      <div className="log-head">
        <StateIcon state={step.status} />
        <span className="strong clip log-name"><AssetLink name={step.key} />{step.partition && <AssetPartitionLink name={step.key} partition={step.partition} />}</span>
        <OutputOf step={step} check={check} set={set} />
        {!check && step.attempts.length > 1 && (
          <SegmentedControl
            size="xs" value={String(shownAttempt)} onChange={(value) => set({ attempt: value, step: step.key, partition: step.partition ?? undefined })} aria-label="Attempt"
            data={step.attempts.map((one) => ({ value: String(one.number), label: `Attempt ${one.number}` }))}
          />
        )}
        {hasLog && <SegmentedControl size="xs" value={stream} onChange={(value) => set({ stream: value === "all" ? undefined : value })} data={["all", "stdout", "stderr"]} aria-label="Stream" />}
        {shown?.warm && <span className="small dim" title="Forked from a process that had loaded what it needs">warm</span>}
        {shown?.limits_not_in_force && <span className="small dim" title={shown.limits_not_in_force.why}>limits not in force: {shown.limits_not_in_force.names.join(", ")}</span>}
        {batch > 1 && <span className="small dim wide-only clip" title={`The log is that of the process, which made ${batch} steps`}>one process for {batch} steps, one log</span>}
      </div>
      {!hasLog ? <NeverRan step={step} /> : <LogBody run={run.id} step={step} check={check} attempt={shownAttempt} stream={stream} set={set} />}
    </section>
  );
}

/** What a check with a process of its own printed is not in the step's output. */
function OutputOf({ step, check, set }: { step: Step; check: string | undefined; set: (change: { step: string; partition: string | undefined; check: string | undefined; attempt: undefined; line: undefined }) => void }) {
  const names = checksWithLog(step);
  if (names.length === 0) return null;
  const data = [{ value: "", label: "Output of the step" }, ...names.map((name) => ({ value: name, label: `Output of ${name}` }))];
  return <NativeSelect size="xs" aria-label="Output of" data={data} value={check ?? ""} onChange={(event) => set({ step: step.key, partition: step.partition ?? undefined, check: event.currentTarget.value || undefined, attempt: undefined, line: undefined })} />;
}

/** The whole log as a file, however long: the daemon hands it out in pieces. */
function Download({ run, step, check, attempt, stream }: { run: string; step: Step; check: string | undefined; attempt: number | undefined; stream: string }) {
  const save = useMutation({ mutationFn: () => fetchWholeLog(run, { step: step.key, partition: step.partition ?? undefined, check, attempt, stream }), onSuccess: (log) => saveAs(log, `run-${run}-${[step.key.replaceAll("/", "."), step.partition, check].filter(Boolean).join("-")}.log`), onError: toastProblem("The log was not downloaded") });
  return <Tooltip label="Download"><ActionIcon aria-label="Download the log" loading={save.isPending} onClick={() => save.mutate()}><IconDownload size={15} /></ActionIcon></Tooltip>;
}

function saveAs(content: Blob, name: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A step without a log: says what it waits for, or what failed above it. */
function NeverRan({ step }: { step: Step }) {
  return (
    <div className="log-none">
      {step.status === "skipped" ? <>Skipped because {step.root_causes.map((cause, i) => <span key={`${cause.key} ${cause.partition ?? ""}`}>{i > 0 && " and "}<AssetLink name={cause.key}><span className="strong">{cause.key}</span></AssetLink>{cause.partition && <AssetPartitionLink name={cause.key} partition={cause.partition} />} {reasonText(cause.reason)}</span>)}. It never started.</>
        : step.blocked_by.length > 0 ? <><div>Waits for</div><BlockedBy blockers={step.blocked_by} /></>
          : <>{stateMeta(step.status).label}{step.detail ? `: ${step.detail}` : ". It has not started."}</>}
    </div>
  );
}

interface BodyProps { run: string; step: Step; check: string | undefined; attempt: number | undefined; stream: string; set: (change: { find?: string; line?: string; level?: string }) => void }

function LogBody({ run, step, check, attempt, stream, set }: BodyProps) {
  const { line, find = "", level, ...here } = route.useSearch();
  const log = useLog({ run, step: step.key, partition: step.partition ?? undefined, check, attempt, stream });
  const wanted = line ? Number(line) - 1 : undefined;
  const [follow, setFollow] = useState(wanted === undefined);
  const search = useDeferredValue(find);
  const least = (levels as readonly string[]).indexOf(level ?? "");
  // The buffer stays the same object while it grows: its length is what changes.
  const rows = useMemo(() => (least > 0 ? log.buffer.atLeast(least) : undefined), [log.buffer, log.length, least]); // eslint-disable-line react-hooks/exhaustive-deps
  const hits = useMemo(() => {
    const found = search.length > 1 ? log.buffer.search(search) : [];
    return rows ? found.filter((index) => log.buffer.level(index) >= least) : found;
  }, [log.buffer, log.length, search, rows]); // eslint-disable-line react-hooks/exhaustive-deps
  const [hit, setHit] = useState(0);
  const at = hits.length > 0 ? hits[hit % hits.length] : undefined;
  const go = (delta: number) => {
    setFollow(false);
    setHit((hit + delta + hits.length) % Math.max(1, hits.length));
  };
  const router = useRouter();
  const hrefOf = (index: number) => router.buildLocation({ to: "/runs/$id", params: { id: run }, search: { ...here, find: find || undefined, level, step: step.key, partition: step.partition ?? undefined, check, attempt: attempt ? String(attempt) : undefined, line: String(index + 1) } }).href;
  return (
    <>
      <div className="log-bar">
        <TextInput
          aria-label="Find in the log" placeholder="Find" value={find} className="log-find" leftSection={<IconSearch size={13} />} onChange={(event) => { setHit(0); set({ find: event.currentTarget.value || undefined }); }}
          onKeyDown={(event) => event.key === "Enter" && go(event.shiftKey ? -1 : 1)}
        />
        {search.length > 1 && <span className="small dim num">{hits.length === 0 ? "none" : `${(hit % hits.length) + 1} of ${hits.length.toLocaleString("en")}`}</span>}
        {hits.length > 0 && <><ActionIcon size={24} aria-label="Previous hit" onClick={() => go(-1)}><IconChevronUp size={14} /></ActionIcon><ActionIcon size={24} aria-label="Next hit" onClick={() => go(1)}><IconChevronDown size={14} /></ActionIcon></>}
        <LevelFilter log={log} least={least} set={(next) => set({ level: next })} />
        <span className="spacer" />
        <Progress log={log} shown={rows?.length} />
        <Switch size="xs" label="Follow" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} />
        <Download run={run} step={step} check={check} attempt={attempt} stream={stream} />
      </div>
      <LogLines log={log} rows={rows} follow={follow} onLeave={() => setFollow(false)} onBottom={() => !log.complete && setFollow(true)} find={search.length > 1 ? search : undefined} target={at ?? wanted} mark={at ?? wanted} onLine={(n) => set({ line: String(n + 1) })} hrefOf={hrefOf} />
    </>
  );
}

/** Hides what is not bad enough. It knows a level only where a line names one, and says how many do. */
function LevelFilter({ log, least, set }: { log: LogState; least: number; set: (level: string | undefined) => void }) {
  const [, info, warning, error] = log.buffer.levelCounts as [number, number, number, number];
  const total = log.buffer.levelCounts.reduce((sum, n) => sum + n, 0);
  const count = (n: number) => n.toLocaleString("en");
  const data = [
    { value: "", label: "All levels" }, { value: "info", label: `Info and worse (${count(info + warning + error)})` },
    { value: "warning", label: `Warnings and errors (${count(warning + error)})` }, { value: "error", label: `Errors (${count(error)})` },
  ];
  const none = total === 0 && least <= 0;
  return (
    <Tooltip label={none ? "No line of this log names a level" : `${count(total)} of ${count(log.length)} lines name a level; the others show under “All levels”`}>
      <NativeSelect size="xs" aria-label="Level" className="log-level" disabled={none} data={data} value={least > 0 ? levels[least] : ""} onChange={(event) => set(event.currentTarget.value || undefined)} />
    </Tooltip>
  );
}

function Progress({ log, shown }: { log: LogState; shown: number | undefined }) {
  if (log.error) return <span className="small bad">{log.error.detail || log.error.title}</span>;
  return <span className="small dim num" role="status">{shown !== undefined && `${shown.toLocaleString("en")} of `}{log.length.toLocaleString("en")} {log.length === 1 ? "line" : "lines"}{log.loaded && !log.complete && ", live"}</span>;
}

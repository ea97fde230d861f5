import { ActionIcon, SegmentedControl, Switch, TextInput, Tooltip } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconDownload, IconSearch } from "@tabler/icons-react";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback, useDeferredValue, useMemo, useState } from "react";
import { logHref } from "@/api/queries";
import type { Run, Step } from "@/api/types";
import { AssetLink } from "@/ui/links";
import { StateIcon } from "@/ui/StateIcon";
import { reasonText, stateMeta } from "@/ui/stateMeta";
import { LogLines } from "./LogLines";
import { useLog, type LogState } from "./useLog";

const route = getRouteApi("/runs/$id");

interface Props { run: Run; step: Step; attempt: number | undefined }

/** The output of one attempt of one step. */
export function LogPanel({ run, step, attempt }: Props) {
  const search = route.useSearch();
  const navigate = useNavigate();
  const set = useCallback((change: Partial<typeof search>) => void navigate({ to: "/runs/$id", params: { id: run.id }, search: (old) => ({ ...old, ...change }), replace: true }), [navigate, run.id]);
  const stream = search.stream ?? "all";
  const shownAttempt = attempt ?? step.attempts.at(-1)?.number;
  return (
    <section className="log" aria-label="Log">
      <div className="log-head">
        <StateIcon state={step.status} />
        <span className="strong clip"><AssetLink name={step.key} /></span>
        {step.attempts.length > 1 && (
          <SegmentedControl
            size="xs" value={String(shownAttempt)} onChange={(value) => set({ attempt: value, step: step.key })} aria-label="Attempt"
            data={step.attempts.map((one) => ({ value: String(one.number), label: `Attempt ${one.number}` }))}
          />
        )}
        <SegmentedControl size="xs" value={stream} onChange={(value) => set({ stream: value === "all" ? undefined : value })} data={["all", "stdout", "stderr"]} aria-label="Stream" />
        <span className="spacer" />
        {step.attempts.length > 0 && <Tooltip label="Download"><ActionIcon aria-label="Download the log" component="a" href={logHref(run.id, { step: step.key, attempt: shownAttempt, stream })} download={`run-${run.id}-${step.key.replaceAll("/", ".")}.log`}><IconDownload size={15} /></ActionIcon></Tooltip>}
      </div>
      {step.attempts.length === 0 ? <NeverRan step={step} /> : <LogBody run={run.id} step={step} attempt={shownAttempt} stream={stream} line={search.line} find={search.find ?? ""} set={set} />}
    </section>
  );
}

/** A step without a log: says what it waits for, or what failed above it. */
function NeverRan({ step }: { step: Step }) {
  return (
    <div className="log-none">
      {step.status === "skipped" ? <>Skipped because {step.root_causes.map((cause, i) => <span key={cause.key}>{i > 0 && " and "}<AssetLink name={cause.key}><span className="strong">{cause.key}</span></AssetLink> {reasonText(cause.reason)}</span>)}. It never started.</>
        : step.blocked_by.length > 0 ? step.blocked_by.map((blocker) => <div key={blocker.what}>Waits for {blocker.what}: <span className="dim">{blocker.detail}</span></div>)
          : <>{stateMeta(step.status).label}{step.detail ? `: ${step.detail}` : ". It has not started."}</>}
    </div>
  );
}

interface BodyProps { run: string; step: Step; attempt: number | undefined; stream: string; line: string | undefined; find: string; set: (change: { find?: string; line?: string }) => void }

function LogBody({ run, step, attempt, stream, line, find, set }: BodyProps) {
  const log = useLog({ run, step: step.key, attempt, stream });
  const wanted = line ? Number(line) - 1 : undefined;
  const [follow, setFollow] = useState(wanted === undefined);
  const search = useDeferredValue(find);
  const hits = useMemo(() => (search.length > 1 ? log.buffer.search(search) : []), [log.buffer, log.length, search]); // eslint-disable-line react-hooks/exhaustive-deps
  const [hit, setHit] = useState(0);
  const at = hits.length > 0 ? hits[hit % hits.length] : undefined;
  const go = (delta: number) => {
    setFollow(false);
    setHit((hit + delta + hits.length) % Math.max(1, hits.length));
  };
  return (
    <>
      <div className="log-bar">
        <TextInput
          aria-label="Find in the log" placeholder="Find" value={find} w={200} leftSection={<IconSearch size={13} />} onChange={(event) => { setHit(0); set({ find: event.currentTarget.value || undefined }); }}
          onKeyDown={(event) => event.key === "Enter" && go(event.shiftKey ? -1 : 1)}
        />
        {search.length > 1 && <span className="small dim num">{hits.length === 0 ? "none" : `${(hit % hits.length) + 1} of ${hits.length.toLocaleString("en")}`}</span>}
        {hits.length > 0 && <><ActionIcon size={24} aria-label="Previous hit" onClick={() => go(-1)}><IconChevronUp size={14} /></ActionIcon><ActionIcon size={24} aria-label="Next hit" onClick={() => go(1)}><IconChevronDown size={14} /></ActionIcon></>}
        <span className="spacer" />
        <Progress log={log} />
        <Switch size="xs" label="Follow" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} />
      </div>
      <LogLines log={log} follow={follow} onLeave={() => setFollow(false)} onBottom={() => !log.complete && setFollow(true)} find={search.length > 1 ? search : undefined} target={at ?? wanted} mark={at ?? wanted} onLine={(n) => set({ line: String(n + 1) })} />
    </>
  );
}

function Progress({ log }: { log: LogState }) {
  if (log.error) return <span className="small bad">{log.error.detail || log.error.title}</span>;
  return <span className="small dim num" role="status">{log.length.toLocaleString("en")} {log.length === 1 ? "line" : "lines"}{log.loaded && !log.complete && ", live"}</span>;
}

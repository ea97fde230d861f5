import { useQuery } from "@tanstack/react-query";
import { useLayoutEffect, useRef, useState } from "react";
import { ApiError } from "@/api/client";
import { checkHistoryQuery, fetchLogTail } from "@/api/queries";
import { keys } from "@/api/keys";
import type { Cause, Run, Step } from "@/api/types";
import { LogBuffer } from "@/system/log/buffer";
import { stripAnsi } from "@/system/ansi/parse";
import { AcknowledgeButton, AcknowledgedLine } from "@/ui/Acknowledge";
import { CheckEvidence } from "@/ui/CheckEvidence";
import { CopyButton } from "@/ui/CopyButton";
import { KeyName } from "@/ui/KeyName";
import { LongName } from "@/ui/LongName";
import { ImpactLine } from "@/ui/ImpactLine";
import { AssetLink, AssetPartitionLink } from "@/ui/links";
import { StateIcon } from "@/ui/StateIcon";
import { reasonText } from "@/ui/stateMeta";
import { WaiveButton, WaiverLine } from "@/ui/Waive";
import { AnsiLine } from "./AnsiLine";
import { Changes } from "./Changes";
import { RetryMenu } from "./RetryMenu";
import { logCheckOf, sameStep, stepText, type SelectStep } from "./stepOf";

const lines = 20;

/** Why the run failed, before anything else: the step, the reason, its last lines, and what it took down with it. */
export function CauseCard({ run, steps, select }: { run: Run; steps: Step[]; select: SelectStep }) {
  const [at, setAt] = useState(0);
  const cause = run.causes[Math.min(at, run.causes.length - 1)]!;
  return (
    <section className="cause" aria-label="Cause of failure">
      {run.causes.length > 1 && (
        <div className="cause-tabs" role="tablist" aria-label="Causes">
          {run.causes.slice(0, 8).map((one, i) => (
            <button key={`${stepText(one)} ${one.check ?? ""}`} type="button" role="tab" aria-selected={i === at} className="chip" data-on={i === at || undefined} onClick={() => setAt(i)}><StateIcon state="failed" size={12} /><KeyName name={stepText(one)} /></button>
          ))}
          {run.causes.length > 8 && <span className="dim">and {run.causes.length - 8} more</span>}
        </div>
      )}
      <div className="cause-head">
        <StateIcon state="failed" size={18} />
        <div className="grow">
          <div className="cause-title"><AssetLink name={cause.key}><LongName name={cause.key} /></AssetLink>{cause.partition && <AssetPartitionLink name={cause.key} partition={cause.partition} />} <span>{reasonText(cause.reason)}{cause.check && <>: <span className="mono">{cause.check}</span></>}</span></div>
          <div style={{ overflowWrap: "anywhere" }}>{shortDetail(cause)}</div>
          <Skipped cause={cause} steps={steps} select={select} />
          <Whose cause={cause} />
          <ImpactLine name={cause.key} said={cause.owners ?? []} />
        </div>
      </div>
      <CauseActs key={`${stepText(cause)}/${cause.check ?? ""}`} run={run} cause={cause} />
      <Changes key={`changes ${stepText(cause)}`} run={run.id} step={cause.key} partition={cause.partition ?? null} />
      <CauseLog key={`log ${stepText(cause)} ${cause.check ?? ""}`} run={run} cause={cause} open={() => (logCheckOf(cause) ? select(cause, undefined, logCheckOf(cause)) : select(cause, cause.attempt))} />
    </section>
  );
}

/** Whose it is and what to do, and who does it. */
function Whose({ cause }: { cause: Cause }) {
  const owners = cause.owners ?? [];
  const isLink = cause.runbook && /^https?:\/\//.test(cause.runbook);
  return (
    <>
      {(owners.length > 0 || cause.runbook) && (
        <div className="row wrap dim" style={{ gap: "2px 14px", marginTop: 4 }}>
          {owners.length > 0 && <span>Owner: <span className="strong">{owners.join(", ")}</span></span>}
          {cause.runbook && <span>Runbook: {isLink ? <a className="link" href={cause.runbook} target="_blank" rel="noreferrer" style={{ textDecoration: "underline" }}>{cause.runbook}</a> : cause.runbook}</span>}
        </div>
      )}
      {cause.acknowledged && <AcknowledgedLine name={cause.key} taken={cause.acknowledged} />}
      {cause.waiver && <WaiverLine waiver={cause.waiver} name={cause.key} />}
    </>
  );
}

/** What can be done about it; of a check also what it saw. */
function CauseActs({ run, cause }: { run: Run; cause: Cause }) {
  const history = useQuery({ ...checkHistoryQuery(cause.key, cause.check ?? ""), enabled: !!cause.check });
  const results = history.data?.items ?? [];
  const ofRun = results.findIndex((result) => result.run_id === run.id);
  return (
    <div className="cause-acts">
      {cause.check && ofRun >= 0 && <div className="column" style={{ gap: 6, minWidth: 0 }}><CheckEvidence results={results.slice(ofRun)} /></div>}
      <div className="row wrap" style={{ gap: 6 }}>
        {run.ended_at !== null && <RetryMenu run={run.id} step={cause.key} partition={cause.partition ?? null} />}
        {cause.check && !cause.waiver && <WaiveButton run={run.id} check={cause.check} name={cause.key} partition={cause.partition} />}
        {!cause.acknowledged && <AcknowledgeButton name={cause.key} />}
      </div>
    </div>
  );
}

/** The title already says which check it was. */
const shortDetail = ({ check, detail }: Cause) => (check && detail?.startsWith(`check ${check} failed: `) ? detail.slice(`check ${check} failed: `.length) : detail);

function Skipped({ cause, steps, select }: { cause: Cause; steps: Step[]; select: SelectStep }) {
  const skipped = steps.filter((step) => step.status === "skipped" && step.root_causes.some((root) => sameStep(root, cause)));
  const n = Math.max(cause.skipped, skipped.length);
  if (n === 0) return null;
  return (
    <div className="row wrap dim" style={{ gap: "2px 10px", marginTop: 4 }}>
      <span>Skipped because of it: {n}</span>
      {skipped.slice(0, 6).map((step) => <button key={stepText(step)} type="button" className="plain-link" onClick={() => select(step)}><StateIcon state="skipped" size={12} /><KeyName name={stepText(step)} /></button>)}
      {n > 6 && skipped.length > 0 && <span>…</span>}
    </div>
  );
}

function CauseLog({ run, cause, open }: { run: Run; cause: Cause; open: () => void }) {
  const check = logCheckOf(cause);
  const tail = useQuery({
    queryKey: [...keys.run(run.id), "tail", cause.key, cause.partition, check, cause.attempt], staleTime: Infinity, retry: false,
    queryFn: ({ signal }) => fetchLogTail(run.id, { step: cause.key, partition: cause.partition ?? undefined, check, attempt: check ? undefined : cause.attempt || undefined }, lines, signal),
  });
  const box = useRef<HTMLPreElement>(null);
  // The end of the output says why; earlier lines are a scroll away.
  useLayoutEffect(() => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [tail.data]);
  const buffer = new LogBuffer();
  buffer.append(new TextEncoder().encode(tail.data ?? ""));
  if (tail.error instanceof ApiError && tail.error.status === 410) return <div className="cause-log dim" style={{ padding: "8px 14px" }}>Its output is no longer kept.</div>;
  if (tail.data !== undefined && buffer.length === 0) return <div className="cause-log dim" style={{ padding: "8px 14px" }}>{check ? `The check ${check}` : "The step"} wrote no output.</div>;
  return (
    <div className="cause-log">
      <div className="cause-log-bar">
        <span className="small dim">{tail.data !== undefined && buffer.length < lines ? `All of its output, ${buffer.length} ${buffer.length === 1 ? "line" : "lines"}` : `Last ${lines} lines of its output`}</span>
        <span className="spacer" />
        <button type="button" className="plain-link small" onClick={open}>Whole log</button>
        <CopyButton label="Copy these lines" text={() => `${stepText(cause)}: ${cause.detail ?? cause.reason}\n\n${stripAnsi(tail.data ?? "")}`} />
      </div>
      <pre ref={box} tabIndex={0} aria-label="Last lines of the failed step" style={{ minHeight: tail.isPending ? 200 : undefined }}>
        {Array.from({ length: buffer.length }, (_, i) => <div key={i}><AnsiLine spans={buffer.spans(i)} /></div>)}
      </pre>
    </div>
  );
}

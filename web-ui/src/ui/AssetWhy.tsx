import type { Asset } from "@/api/types";
import { waivedText } from "@/system/checks/waivers";
import { formatDuration, localTimes } from "@/system/time/format";
import { AcknowledgedLine } from "./Acknowledge";
import { AssetLink, AssetPartitionLink, RunLink } from "./links";
import { ReportedBy } from "./ReportedBy";
import { StateIcon } from "./StateIcon";
import { reasonText, stateMeta } from "./stateMeta";
import { Ago } from "./Time";
import { WaiverLine } from "./Waive";

const waiversShown = 3;

/** The state of an asset and, in one sentence, why. A skipped asset names what failed above it. */
export function AssetWhy({ asset }: { asset: Asset }) {
  const external = asset.external && asset.status === "never";
  const state = external ? "external" : asset.status;
  return (
    <div className="row" style={{ alignItems: "flex-start", minHeight: 20 }}>
      <span style={{ paddingTop: 2 }}><StateIcon state={state} size={15} stale={isStale(asset)} /></span>
      <div className="grow" style={{ overflowWrap: "anywhere" }}>
        <span className="strong">{stateMeta(state).label}{asset.status === "failed" && ":"}</span>{" "}
        <span className="dim why"><Because asset={asset} /></span>
        {isStale(asset) && <StaleLine asset={asset} />}
        <Overdue freshness={asset.freshness} />
        {asset.waivers.map((waiver) => <WaiverLine key={waivedText(waiver)} waiver={waiver} name={asset.key} />)}
        {asset.waived_upstream.slice(0, waiversShown).map((waiver) => <WaiverLine key={`${waiver.key}/${waivedText(waiver)}`} waiver={waiver} />)}
        {asset.waived_upstream.length > waiversShown && <div className="dim">and {asset.waived_upstream.length - waiversShown} more waivers above</div>}
        {asset.acknowledged && <AcknowledgedLine name={asset.key} taken={asset.acknowledged} />}
      </div>
    </div>
  );
}

/** What was never made is never; that it is to be made says its state. */
const isStale = (asset: Asset) => asset.stale.is && asset.status !== "never";

function Because({ asset }: { asset: Asset }) {
  const attempt = asset.last_attempt;
  if (asset.in_progress) return <>in run <RunLink id={asset.in_progress.run_id} />, since <Ago at={asset.in_progress.since} /></>;
  if (asset.status === "skipped" && attempt) {
    return <>because {attempt.root_causes.map((cause, i) => <span key={`${cause.key} ${cause.partition ?? ""}`}>{i > 0 && ", "}<AssetLink name={cause.key} />{cause.partition && <AssetPartitionLink name={cause.key} partition={cause.partition} />} {reasonText(cause.reason)}</span>)} <ByRun id={attempt.run_id} word="in run" />, <Ago at={attempt.at} /></>;
  }
  const failedPartitions = asset.partitions?.failed ?? 0;
  if (asset.status === "failed" && attempt && attempt.status !== "failed" && failedPartitions > 0) {
    return <>{failedPartitions === 1 ? "one partition" : `${failedPartitions.toLocaleString("en")} partitions`} · last <ByRun id={attempt.run_id} word="run" />, <Ago at={attempt.at} /></>;
  }
  if (asset.status === "failed" && attempt) {
    return <>{attempt.detail ?? reasonText(attempt.reason)} · <ByRun id={attempt.run_id} word="run" step={asset.key} />, <Ago at={attempt.at} /></>;
  }
  if (asset.last_materialization) {
    const { run_id, at } = asset.last_materialization;
    return <>{run_id === null ? <ReportedBy asset={asset} at={at} /> : <ByRun id={run_id} word="by run" />}, <Ago at={at} /></>;
  }
  if (asset.external) return <>made elsewhere; nothing has been reported</>;
  return <>no run has made it yet</>;
}

function ByRun({ id, word, step }: { id: string | null; word: string; step?: string }) {
  return id === null ? <>by no run</> : <>{word} <RunLink id={id} {...(step === undefined ? {} : { step })} /></>;
}

function Overdue({ freshness }: { freshness: Asset["freshness"] }) {
  if (freshness.status !== "violated" && freshness.status !== "warn") return null;
  const demanded = freshness.cron ? `new data is due by ${freshness.cron} (${freshness.timezone})` : `should be no older than ${formatDuration(freshness.within_ms)}`;
  if (freshness.status === "violated") return <div className="bad">Overdue: {demanded}</div>;
  return <div style={{ color: "var(--stale-text)" }}>Soon overdue: {demanded}{freshness.deadline && <>, <Ago at={freshness.deadline} /></>}</div>;
}

function StaleLine({ asset }: { asset: Asset }) {
  const first = asset.stale.because[0];
  const more = asset.stale.because.length - 1;
  return <div style={{ color: "var(--stale-text)" }}>Stale: {(first?.detail && localTimes(first.detail)) ?? "something above is newer"}{more > 0 && ` and ${more} more ${more === 1 ? "reason" : "reasons"}`}</div>;
}

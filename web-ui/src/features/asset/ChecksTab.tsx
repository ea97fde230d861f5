import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { checkResultsQuery, partitionsQuery } from "@/api/queries";
import type { AssetDetail, CheckDefinition, CheckResult } from "@/api/types";
import { isFailure, standing } from "@/system/checks/standing";
import { seriesOf } from "@/system/checks/trend";
import { toWaive, waivedText, waiverIn } from "@/system/checks/waivers";
import { localTimes } from "@/system/time/format";
import { CheckEvidence } from "@/ui/CheckEvidence";
import { Empty } from "@/ui/Empty";
import { AssetLink, AssetPartitionLink, RunLink } from "@/ui/links";
import { MetadataList } from "@/ui/Metadata";
import { StateIcon } from "@/ui/StateIcon";
import { stateMeta } from "@/ui/stateMeta";
import { Ago } from "@/ui/Time";
import { WaiveButton, WaiverLine } from "@/ui/Waive";

const Chart = lazy(() => import("./Chart").then((module) => ({ default: module.Chart })));
const charts = 3;
const partitionsNamed = 12;

const example = `    checks:
      - {name: enough_rows, run: {plugin: exec, command: [python, check.py]}, blocking: true}
`;

/** Each check with how it stands and the outcomes before it; failing ones first. Of an asset that is divided it fails where it failed last in any partition. */
export function ChecksTab({ asset }: { asset: AssetDetail }) {
  const results = useQuery(checkResultsQuery(asset.key));
  const failedIn = useInfiniteQuery({ ...partitionsQuery(asset.key, "check_failed"), enabled: asset.partitions !== null });
  const byName = useMemo(() => Map.groupBy(results.data?.items ?? [], (item) => item.check), [results.data]);
  const partitions = useMemo(() => failedIn.data?.pages.flatMap((page) => page.items) ?? [], [failedIn.data]);
  if (asset.check_definitions.length === 0 && byName.size === 0) {
    return <Empty title="No checks" code={asset.external ? undefined : example}>A check asks whether what was made is good. A blocking one keeps bad data from what comes after it.</Empty>;
  }
  const rank = (name: string) => ["failed", "error", "warned"].indexOf(standing(byName.get(name) ?? [])?.status ?? "") + 1 || 9;
  const checks = [...asset.check_definitions].sort((a, b) => rank(a.name) - rank(b.name));
  return (
    <div className="page-body" style={{ paddingTop: 20, maxWidth: 1100 }}>
      <div className="panel">{checks.map((check) => <CheckRow key={check.name} check={check} results={byName.get(check.name) ?? []} asset={asset} failedIn={partitions.filter((row) => row.failed_checks.includes(check.name)).map((row) => row.key)} more={failedIn.hasNextPage} />)}</div>
    </div>
  );
}

interface RowProps {
  check: CheckDefinition; results: CheckResult[]; asset: AssetDetail;
  /** Partitions in which it failed last; `more`: there may be others. */
  failedIn: string[]; more: boolean;
}

function CheckRow({ check, results, asset, failedIn, more }: RowProps) {
  const home = asset.key;
  const last = standing(results);
  const failing = isFailure(last?.status);
  const state = !failing && failedIn.length > 0 ? "failed" : last?.status ?? "never";  // the failure may lie before the results that are loaded
  const told = isFailure(state) || state === "warned";
  const waivers = asset.waivers.filter((each) => each.check === check.name);
  const toldBy = last?.waived ? waiverIn(waivers, check.name, last.partition) : undefined;
  const unwaived = toWaive(results, waivers);
  // What is not well opens by itself, also when that is known only after the page is drawn; then it is the reader's.
  const [chosen, setChosen] = useState<boolean>();
  const open = chosen ?? told;
  const others = check.depends_on.filter((key) => key !== home);
  return (
    <details className="check" open={open} onToggle={(event) => event.currentTarget.open !== open && setChosen(event.currentTarget.open)}>
      <summary>
        <StateIcon state={state} title={last ? undefined : "Has not run"} />
        <span className="strong clip grow">{check.name}</span>
        <span className="row wide-only" style={{ gap: 2, flex: "none", width: 138, justifyContent: "flex-end" }}>
          {results.slice(0, 20).reverse().map((r) => <span key={r.id} title={`${r.partition ? `${r.partition}, ` : ""}${r.run_id ? `run #${r.run_id}` : "reported"}: ${stateMeta(r.status).label.toLowerCase()}`} className="check-tick" style={{ background: r.status === "passed" ? "var(--bar-ok)" : stateMeta(r.status).colour }} />)}
        </span>
        {waivers.length > 0 && <span className="tag" title={waivers.map(waivedText).join("\n")}>waived</span>}
        <span className="wide-only" style={{ width: 92, flex: "none" }}><span className="tag">{check.severity}{check.blocking ? ", blocking" : ""}</span></span>
        <span className="dim" style={{ width: 80, textAlign: "right" }}>{last ? <Ago at={last.at} /> : "not run"}</span>
      </summary>
      <div className="check-body">
        {check.description && <div className="dim">{check.description}</div>}
        {failedIn.length > 0 && <FailedIn name={home} partitions={failedIn} more={more} />}
        {last?.detail && <div className={last.status === "passed" ? "dim" : failing ? "bad" : undefined} style={{ overflowWrap: "anywhere", color: last.status === "warned" ? "var(--stale-text)" : undefined }}>{last.detail}</div>}
        {last?.waived && <div style={{ color: "var(--stale-text)" }}>It failed, and was {localTimes(last.waived)}</div>}
        {waivers.filter((each) => each !== toldBy).map((each) => <WaiverLine key={waivedText(each)} waiver={each} name={home} />)}
        {check.anomaly && <div className="dim">Judged by assetd: {check.anomaly.metric} within the mean ± {check.anomaly.sigma}·σ of the last {check.anomaly.last} materializations, once there are {check.anomaly.min}</div>}
        <CheckEvidence results={last ? results.slice(results.indexOf(last)) : results} />
        {open && <Trend results={results} />}
        {others.length > 0 && <div className="dim">Also about {others.map((key, i) => <span key={key}>{i > 0 && ", "}<AssetLink name={key} /></span>)}</div>}
        {last?.run_id && <div className="dim row" style={{ gap: 8 }}><span>{last.partition && failing ? "Failed" : "Last result"}{last.partition && <> for<AssetPartitionLink name={home} partition={last.partition} /></>} in run <RunLink id={last.run_id} step={home} partition={last.partition} /></span>{check.own_process && <RunLink id={last.run_id} step={home} partition={last.partition} check={check.name}>Output</RunLink>}{unwaived?.run_id && <WaiveButton key={unwaived.id} run={unwaived.run_id} check={check.name} name={home} partition={unwaived.partition} compact />}</div>}
        {last && Object.keys(last.metadata).length > 0 && <MetadataList metadata={withoutSample(last.metadata)} />}
      </div>
    </details>
  );
}

function FailedIn({ name, partitions, more }: { name: string; partitions: string[]; more: boolean }) {
  const named = partitions.slice(0, partitionsNamed);
  return (
    <div><span className="bad">Failed last in {partitions.length.toLocaleString("en")}{more && "+"} {partitions.length === 1 ? "partition" : "partitions"}:</span>
      {named.map((partition) => <AssetPartitionLink key={partition} name={name} partition={partition} />)}{(named.length < partitions.length || more) && <span className="dim"> and others: the tab Partitions lists them</span>}
    </div>
  );
}

/** How its numbers went, of the results that are loaded. */
function Trend({ results }: { results: CheckResult[] }) {
  const series = useMemo(() => seriesOf(results).slice(0, charts), [results]);
  if (series.length === 0) return null;
  return (
    <div className="charts">
      {series.map((each) => (
        <div key={each.name} className="chart">
          <div className="chart-head"><span className="dim clip">{each.name.replaceAll("_", " ")}</span><span className="strong num">{each.y.at(-1)!.toLocaleString("en", { maximumFractionDigits: 2 })}</span></div>
          <Suspense fallback={<div style={{ height: 96 }} />}><Chart x={each.x} y={each.y} label={each.name} /></Suspense>
        </div>
      ))}
    </div>
  );
}

const withoutSample = (metadata: CheckResult["metadata"]) => Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== "sample_rows"));

import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";
import { materializationsQuery, triggersQuery } from "@/api/queries";
import type { AssetDetail, Materialization, Provenance } from "@/api/types";
import { formatDuration } from "@/system/time/format";
import { CopyButton } from "@/ui/CopyButton";
import { ImpactLine } from "@/ui/ImpactLine";
import { Waiting } from "@/ui/Loaded";
import { AssetLink, AssetPartitionLink, RunLink } from "@/ui/links";
import { listed, MetadataList, rawValue } from "@/ui/Metadata";
import { ReportedBy } from "@/ui/ReportedBy";
import { StateIcon } from "@/ui/StateIcon";
import { Ago } from "@/ui/Time";
import { FailedPartitions } from "./FailedPartitions";
import { FreshnessFact } from "./FreshnessFact";
import { StaleSection } from "./StaleSection";
import { Triggers } from "./Triggers";

const Chart = lazy(() => import("./Chart").then((module) => ({ default: module.Chart })));

export function OverviewTab({ asset }: { asset: AssetDetail }) {
  const materializations = useQuery({ ...materializationsQuery(asset.key) });
  // How many charts there are is to be known before what stands below them is drawn, or it would move; its failure holds nothing up.
  const triggers = useQuery(triggersQuery(asset.key));
  if ([materializations, triggers].some((each) => each.isPending && each.failureCount === 0)) return <Waiting />;
  return (
    <div className="asset-overview">
      <div>
        {asset.description && <p style={{ margin: "0 0 20px", maxWidth: 720, fontSize: 14, lineHeight: "21px" }}>{asset.description}</p>}
        <FailedPartitions asset={asset} />
        {asset.status !== "never" && <StaleSection asset={asset} />}
        {(asset.status === "failed" || asset.status === "skipped") && <section className="section"><h2>Whom it concerns</h2><ImpactLine name={asset.key} /></section>}
        <MetadataOverTime items={materializations.data?.items ?? []} />
        <Latest asset={asset} />
      </div>
      <div>
        {!asset.external && <Triggers name={asset.key} />}
        <Neighbours asset={asset} />
        <section className="section"><h2>About</h2><About asset={asset} /></section>
      </div>
    </div>
  );
}

interface Series { name: string; x: number[]; y: number[]; unit?: "ms" }

/** Every number that at least two materializations reported, and how long they took. */
function numericSeries(items: Materialization[]): Series[] {
  const byName = new Map<string, Series>();
  const add = (name: string, at: number, value: unknown, unit?: "ms") => {
    if (typeof value !== "number" || !Number.isFinite(value)) return;
    const series = byName.get(name) ?? { name, x: [], y: [], unit };
    series.x.push(at / 1000);
    series.y.push(value);
    byName.set(name, series);
  };
  for (const item of [...items].reverse()) {
    const at = Date.parse(item.at);
    for (const [name, value] of Object.entries(item.metadata)) add(name, at, rawValue(value));
    if (item.run_id !== null) add("duration", at, item.duration_ms, "ms");
  }
  // What was made comes before how long making it took.
  const timing = (series: Series) => (series.unit === "ms" || /(?:seconds|_ms|duration)$/.test(series.name) ? 1 : 0);
  return [...byName.values()].filter((series) => series.x.length > 1).sort((a, b) => timing(a) - timing(b)).slice(0, 9);
}

const compact = new Intl.NumberFormat("en", { maximumFractionDigits: 3 });

function MetadataOverTime({ items }: { items: Materialization[] }) {
  const series = useMemo(() => numericSeries(items), [items]);
  if (series.length === 0) return null;
  return (
    <section className="section">
      <h2>Over time <span className="count">{items.length} materializations</span></h2>
      <div className="charts">
        {series.map((one) => (
          <div key={one.name} className="chart">
            <div className="chart-head"><span className="clip dim">{one.name}</span><span className="num strong">{one.unit === "ms" ? formatDuration(one.y.at(-1)) : compact.format(one.y.at(-1)!)}</span></div>
            <Suspense fallback={<div style={{ height: 96 }} />}><Chart x={one.x} y={one.y} unit={one.unit} label={one.name} /></Suspense>
          </div>
        ))}
      </div>
    </section>
  );
}

function Latest({ asset }: { asset: AssetDetail }) {
  const last = asset.last_materialization;
  if (!last) return <section className="section"><h2>Latest metadata</h2><div className="dim">{asset.external ? "Nothing has been reported for this external asset." : "Metadata appears with the first materialization."}</div></section>;
  return (
    <section className="section">
      <h2>Latest metadata <span className="count"><Ago at={last.at} /></span></h2>
      {last.run_id === null && <div className="dim" style={{ marginBottom: 6 }}>As <ReportedBy asset={asset} at={last.at} /></div>}
      {listed(last.metadata).length === 0 ? <div className="dim">{last.run_id === null ? "None was given." : "The step reported none."}</div> : <MetadataList metadata={last.metadata} />}
    </section>
  );
}

function Neighbours({ asset }: { asset: AssetDetail }) {
  return (
    <section className="section neighbours">
      {(["upstream", "downstream"] as const).map((relation) => {
        const near = asset.neighbours.filter((n) => n.relation === relation);
        return (
          <div key={relation} style={{ minWidth: 0 }}>
            <h2 className="section-title">{relation === "upstream" ? "Made from" : "Used by"} <span className="count">{near.length}</span></h2>
            {near.length === 0 && <div className="dim">{relation === "upstream" ? "Nothing above it" : "Nothing below it"}</div>}
            {near.slice(0, 30).map((n) => <div key={n.key} className="neighbour-link"><StateIcon state={n.status} size={13} /><AssetLink name={n.key} /></div>)}
            {near.length > 30 && <div className="faint small">and {near.length - 30} more</div>}
          </div>
        );
      })}
    </section>
  );
}

/** A digest is recognised by its beginning; all of it is a click away. */
function Digest({ text, what }: { text: string; what: string }) {
  if (!/^[0-9a-f]{24,}$/.test(text)) return text;
  return <span className="row tight"><span className="mono" title={text}>{text.slice(0, 12)}</span><CopyButton text={text} label={`Copy the ${what}`} /></span>;
}

const VERSION_FROM = { step: "by its step", content: "by the content of its artifacts", attempt: "" };

function DataVersion({ asset }: { asset: AssetDetail }) {
  const from = asset.provenance && VERSION_FROM[asset.provenance.data_version_from];
  return (
    <span className="row tight wrap">
      <span className="mono"><Digest text={asset.data_version ?? ""} what="data version" /></span>
      {from && <span className="dim">{from}</span>}
      {asset.provenance?.commit && <span className="dim">at commit <span className="mono">{asset.provenance.commit}</span></span>}
    </span>
  );
}

function UsedData({ upstream }: { upstream: Provenance["upstream"] }) {
  const shown = 8;
  return <>{upstream.slice(0, shown).map((used) => <div key={used.key}><AssetLink name={used.key} />{used.partition && <AssetPartitionLink name={used.key} partition={used.partition} />} <span className="dim">{used.partitions !== null && used.partitions > 1 && `${used.partitions.toLocaleString("en")} partitions, the newest `}{used.run_id ? <RunLink id={used.run_id} step={used.key} /> : "reported"}</span></div>)}{upstream.length > shown && <div className="dim">and {upstream.length - shown} more</div>}</>;
}

function About({ asset }: { asset: AssetDetail }) {
  const facts: [string, React.ReactNode][] = [
    ["Group", asset.group],
    ["Kinds", asset.kinds.length > 0 && <span className="row tight wrap">{asset.kinds.map((kind) => <span key={kind} className="tag">{kind}</span>)}</span>],
    ["Owners", asset.owners.join(", ")],
    ["Tags", Object.entries(asset.tags).map(([name, value]) => `${name}=${value}`).join(", ")],
    ["Jobs", asset.jobs.join(", ")],
    ["Import", asset.import],
    ["Code version", asset.code_version && <Digest text={asset.code_version} what="code version" />],
    ["Data version", asset.data_version && <DataVersion asset={asset} />],
    ["Made from", asset.provenance && asset.provenance.upstream.length > 0 && <UsedData upstream={asset.provenance.upstream} />],
    ["Made with", asset.provenance && Object.entries(asset.provenance.versions ?? {}).map(([name, version]) => `${name} ${version}`).join(", ")],
    ["Unchanged", asset.skip_if_unchanged && "it is reused, not executed again"],
    ["Pools", Object.entries(asset.pools).map(([name, slots]) => `${name} × ${slots}`).join(", ")],
    ["Uses", Object.entries(asset.uses).map(([name, mode]) => `${name} (${mode})`).join(", ")],
    ["Defined in", asset.source && <span className="mono">{asset.source.file}{asset.source.line ? `:${asset.source.line}` : ""}</span>],
    ["Runbook", asset.runbook && <a className="link" style={{ textDecoration: "underline" }} href={/^https?:/.test(asset.runbook) ? asset.runbook : undefined} target="_blank" rel="noreferrer">{asset.runbook}</a>],
    // The last one: its history arrives later and would move what is below.
    ["Freshness", asset.freshness.status !== "none" && <FreshnessFact asset={asset} />],
  ];
  return <dl className="facts">{facts.map(([name, value]) => value ? <div key={name} style={{ display: "contents" }}><dt>{name}</dt><dd>{value}</dd></div> : null)}</dl>;
}

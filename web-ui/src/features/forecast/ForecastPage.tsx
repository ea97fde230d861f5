import { SegmentedControl } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { ApiError } from "@/api/client";
import { forecastQuery } from "@/api/queries";
import type { Forecast, ForecastPool, ForecastRun, ForecastViolation } from "@/api/types";
import { originText, readSuppositions, writeSuppositions, type ForecastBar } from "@/system/forecast/model";
import { formatDuration, localTimes } from "@/system/time/format";
import { SmallTable, type Column } from "@/ui/DataTable";
import { AssetLink, RunLink } from "@/ui/links";
import { Loaded } from "@/ui/Loaded";
import { PageHead } from "@/ui/Page";
import { SelectionInput } from "@/ui/SelectionInput";
import { StateIcon } from "@/ui/StateIcon";
import { Ago, At } from "@/ui/Time";
import { barText, ForecastGantt } from "./ForecastGantt";
import { Supposed, WhatIfButton, type Pairs } from "./WhatIf";
import "./forecast.css";

const mostDrawn = 100; // data that will be too old
const horizons = ["6h", "24h", "3d", "7d"];

const span = (from: string | null, to: string | null) => (from && to ? formatDuration(Date.parse(to) - Date.parse(from)) : "–");

const violationColumns: Column<ForecastViolation>[] = [
  { id: "at", header: "Too old", width: "110px", cell: (each) => <span className="row"><StateIcon state={each.already ? "failed" : "stale"} /><Ago at={each.at} /></span> },
  { id: "key", header: "Asset", width: "minmax(110px, 2fr)", cell: (each) => <AssetLink name={each.key} /> },
  { id: "kind", header: "By", width: "90px", wide: true, cell: (each) => (each.kind === "deadline" ? "its deadline" : "its age") },
  { id: "data", header: "Data of", width: "110px", wide: true, cell: (each) => <At at={each.data_at} /> },
  { id: "mended", header: "Newer data", width: "minmax(90px, 1fr)", cell: (each) => (each.mended_at ? <Ago at={each.mended_at} /> : <span className="dim">not foreseen</span>) },
  { id: "note", header: "Note", width: "minmax(100px, 1fr)", wide: true, cell: (each) => <span className="dim">{each.already ? "already now" : each.only_if_slow ? "only if steps are slow" : ""}</span> },
];

const runColumns: Column<ForecastRun>[] = [
  { id: "begins", header: "Begins", width: "84px", cell: (run) => (run.started_at ? <Ago at={run.started_at} /> : <span className="dim">later</span>) },
  { id: "of", header: "Of", width: "minmax(100px, 1.4fr)", cell: (run) => <span className="row"><StateIcon state={run.run_id ? "running" : "queued"} title={run.run_id ? "Under way" : "To come"} />{run.run_id ? <RunLink id={run.run_id}>{originText(run)}</RunLink> : <span className="clip">{originText(run)}</span>}</span> },
  { id: "steps", header: "Steps", width: "56px", align: "right", wide: true, cell: (run) => run.steps_total },
  { id: "takes", header: "Takes", width: "84px", align: "right", cell: (run) => span(run.started_at, run.ended_at) },
  { id: "slow", header: "9 in 10", width: "84px", align: "right", wide: true, cell: (run) => span(run.started_at, run.slow_ended_at) },
  { id: "path", header: "Decided by", width: "minmax(120px, 3fr)", wide: true, cell: (run) => <span className="clip dim" title={run.detail ?? run.critical_path.join(" → ")}>{run.reason ? `${run.status}: ${run.reason.replaceAll("_", " ")}` : run.critical_path.join(" → ")}</span> },
];

function PoolAhead({ pool }: { pool: ForecastPool }) {
  return (
    <div className="panel pool-ahead">
      <div className="row"><span className="strong clip">{pool.name}</span><span className="spacer" /><span className="num">{Math.round(pool.used * 100)} % of {pool.slots} {pool.slots === 1 ? "slot" : "slots"}</span></div>
      <div className="pool-slices" role="img" aria-label={`${Math.round(pool.used * 100)} % used on the whole`}>{pool.slices.map((share, i) => <i key={i} style={{ height: `${Math.max(2, share * 100)}%` }} data-full={share > 0.98 || undefined} />)}</div>
      <div className="small dim">{pool.steps_waited === 0 ? "no step waits for it" : `${pool.steps_waited} ${pool.steps_waited === 1 ? "step waits" : "steps wait"} ${formatDuration(pool.waited_ms)} together`}</div>
    </div>
  );
}

function Body({ forecast }: { forecast: Forecast }) {
  const [picked, setPicked] = useState<ForecastBar>();
  return (
    <>
      {forecast.truncated && <div className="notice bad" role="alert"><div className="grow">Cut short at <At at={forecast.stopped_at} />: there are too many steps to simulate. Look less far ahead.</div></div>}
      <section className="section">
        <h2>Data that will be too old {forecast.violations_total > 0 && <span className="count">{forecast.violations_total.toLocaleString("en")}</span>}</h2>
        <SmallTable label="Data that will be too old" columns={violationColumns} rows={forecast.violations.slice(0, mostDrawn)} rowId={(each) => each.key + each.at} empty="None: every asset that demands freshness is made in time." />
        {forecast.violations_total > mostDrawn && <div className="small dim" style={{ marginTop: 6 }}>and {(forecast.violations_total - mostDrawn).toLocaleString("en")} more: a selection shows others.</div>}
      </section>
      <section className="section">
        <h2>What will run <span className="count">{forecast.runs_total}</span></h2>
        {forecast.runs.length === 0 ? <div className="dim">Nothing runs by itself within this time. Schedules and automation make runs; both show here.</div> : <ForecastGantt forecast={forecast} pick={setPicked} />}
        {forecast.steps_listed < forecast.steps_total && <div className="small dim" style={{ marginTop: 6 }}>The first {forecast.steps_listed.toLocaleString("en")} of {forecast.steps_total.toLocaleString("en")} steps are drawn: a selection shows others.</div>}
        {forecast.runs.length > 0 && <div className="small dim ahead-note" role="status">{picked ? barText(picked) : "Hatched: it waits. Pale: how long it may take, nine times in ten. Underlined: it decides when its run ends."}</div>}
      </section>
      {forecast.runs.length > 0 && (
        <section className="section">
          <h2>Runs</h2>
          <SmallTable label="Runs to come" columns={runColumns} rows={forecast.runs.slice(0, 60)} rowId={(run) => `${run.run_id}/${run.trigger.kind}/${run.trigger.name}/${run.created_at}/${run.select}`} />
          {forecast.runs_total > 60 && <div className="small dim">and {(forecast.runs_total - 60).toLocaleString("en")} more</div>}
        </section>
      )}
      {forecast.missed_ticks.length > 0 && (
        <section className="section">
          <h2>Ticks without a run <span className="count">{forecast.missed_ticks.length}</span></h2>
          <ul className="plain">{forecast.missed_ticks.slice(0, 20).map((each) => <li key={each.schedule + each.instant}><At at={each.instant} /> <span className="strong">{each.schedule}</span> <span className="dim">{localTimes(each.reason)}</span></li>)}</ul>
        </section>
      )}
      <section className="section">
        <h2>Pools</h2>
        <div className="pools-ahead">{forecast.pools.map((pool) => <PoolAhead key={pool.name} pool={pool} />)}</div>
      </section>
      <section className="section">
        <h2>What this supposes</h2>
        <ul className="plain dim small">
          {forecast.assumptions.map((each) => <li key={each}>{localTimes(each)}</li>)}
          <li>durations: {forecast.durations.history} assets by their own history, {forecast.durations.group} by their group's, {forecast.durations.project} by the project's, {forecast.durations.nothing} by none (1 minute)</li>
        </ul>
      </section>
    </>
  );
}

export function ForecastPage() {
  const search = useSearch({ from: "/forecast" });
  const navigate = useNavigate({ from: "/forecast" });
  const horizon = horizons.includes(search.horizon ?? "") ? search.horizon! : "24h";
  const pools = readSuppositions(search.pools), speed = readSuppositions(search.speed);
  const select = search.select ?? "";
  const set = (nextPools: Pairs, nextSpeed: Pairs) => void navigate({ search: { ...search, pools: writeSuppositions(nextPools), speed: writeSuppositions(nextSpeed) }, replace: true });
  const query = useQuery({ ...forecastQuery({ horizon, select, pools, speed }), placeholderData: keepPreviousData });
  const base = useQuery({ ...forecastQuery({ horizon, select, pools: [], speed: [] }), enabled: pools.length + speed.length > 0 });
  const selectError = query.error instanceof ApiError && query.error.status === 422 && select !== "" ? query.error.detail : undefined;
  return (
    <div className="page scroll">
      <PageHead title="Forecast" name="Forecast" actions={<WhatIfButton forecast={query.data} pools={pools} speed={speed} set={set} />}>
        <div className="dim">What the engine will do if nothing fails and nobody intervenes.</div>
      </PageHead>
      <div className="page-body">
        <div className="row wrap" style={{ gap: 12 }}>
          <SegmentedControl size="xs" aria-label="How far ahead" data={horizons} value={horizon} onChange={(value) => void navigate({ search: { ...search, horizon: value === "24h" ? undefined : value }, replace: true })} />
          <SelectionInput label="Only these assets" value={select} error={selectError} onSubmit={(value) => void navigate({ search: { ...search, select: value || undefined }, replace: true })} />
        </div>
        <Supposed forecast={query.isPlaceholderData ? undefined : query.data} base={base.data} pools={pools} speed={speed} set={set} />
        {query.error && query.data ? <div className="notice bad" role="alert"><div className="grow">{query.error.message}</div></div> : <div className="ahead-body"><Loaded query={query} what="Simulating what will run…">{(forecast) => <Body forecast={forecast} />}</Loaded></div>}
      </div>
    </div>
  );
}

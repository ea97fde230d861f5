import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { overviewQuery, projectQuery } from "@/api/queries";
import type { ImportHealth, Overview } from "@/api/types";
import { CountsBar } from "@/ui/Counts";
import { leavesOut } from "@/system/automation/mute";
import { NoAssets } from "@/ui/Empty";
import { Loaded, Waiting } from "@/ui/Loaded";
import { MaterializeButton } from "@/ui/Materialize";
import { PageHead } from "@/ui/Page";
import { RunLink } from "@/ui/links";
import { NextTick } from "@/ui/NextTick";
import { StateIcon } from "@/ui/StateIcon";
import { whatText } from "@/ui/triggerText";
import { Ago, Countdown, Duration } from "@/ui/Time";
import { formatInZone } from "@/system/time/format";
import { RecentRuns, useRecentRuns } from "./RecentRuns";
import { HeatStrip } from "./HeatStrip";
import { plural, summary } from "./summary";
import { NeedsYouList } from "./NeedsYou";
import "./overview.css";

export function OverviewPage() {
  const overview = useQuery(overviewQuery);
  const recent = useRecentRuns(); // asked for together and shown together: what comes later would push the page about
  const { data: project } = useQuery(projectQuery);
  if (project?.counts.assets === 0) return <div className="page scroll"><NoAssets /></div>;
  return (
    <div className="page scroll">
      <PageHead title="Overview" name="Overview" actions={<MaterializeButton select="*" variant="default" />}>
        <div className="dim num">{project ? summary(project.counts, overview.data?.needs_you) : "\u00a0"}</div>
      </PageHead>
      {recent.isPending ? <Waiting /> : <Loaded query={overview}>{(data) => <Columns data={data} />}</Loaded>}
    </div>
  );
}

function Columns({ data }: { data: Overview }) {
  return (
    <div className="page-body overview">
      <section className="section overview-needs">
        <h2>Needs you {data.needs_you.length > 0 && <span className="count">{data.needs_you.length}</span>}</h2>
        {data.needs_you.length === 0 ? <AllWell ticks={data.next_ticks} /> : <NeedsYouList items={data.needs_you} />}
      </section>
      <section className="section overview-next">
        <h2>Running and next</h2>
        <RunningAndNext data={data} />
        <h2 className="section-title" style={{ marginTop: 20 }}>Just ended</h2>
        <RecentRuns />
        {data.imports.length > 0 && (
          <>
            <h2 className="section-title" style={{ marginTop: 20 }}>Imports</h2>
            <Imports imports={data.imports} />
          </>
        )}
      </section>
      <section className="section overview-history">
        <h2>How it has been <span className="count">last {data.history.days.length} days</span></h2>
        <HeatStrip history={data.history} />
      </section>
    </div>
  );
}

/** "dbt shop: could not be read 02:01, serving what was read yesterday 18:40". */
function Imports({ imports }: { imports: ImportHealth[] }) {
  return (
    <div className="panel">
      {imports.map((one) => (
        <div key={one.name} className="line" title={one.detail ?? undefined}>
          <StateIcon state={one.status === "ok" ? "succeeded" : "failed"} />
          <span className={one.status === "ok" ? "clip grow" : "grow import-failed"}>
            <Link to="/definitions" className="link">{one.plugin} {one.name}</Link>{" "}
            {one.status === "ok" ? <span className="dim">{plural(one.assets, "asset")}, read <Ago at={one.at} /></span>
              : <span className="bad">could not be read <Ago at={one.at} />; what was read {one.last_ok_at ? <Ago at={one.last_ok_at} /> : "before"} goes on serving</span>}
          </span>
        </div>
      ))}
    </div>
  );
}

function AllWell({ ticks }: { ticks: Overview["next_ticks"] }) {
  const { data: project } = useQuery(projectQuery);
  const paused = project?.automation_paused ?? null;
  if (project?.latched || project?.disk) return <Standstill />;
  const next = ticks.find((tick) => !leavesOut(paused, Date.parse(tick.at)));
  return (
    <div className="panel" style={{ padding: 14 }}>
      <div className="row strong"><StateIcon state="succeeded" size={16} />Nothing is wrong</div>
      <div className="dim" style={{ marginTop: 4, paddingLeft: 24 }}>
        {next ? <>The next run is <Link to="/automation" search={{ schedule: next.schedule }} className="link strong">{next.schedule}</Link> in <Countdown to={next.at} />.</> : paused && ticks.length > 0 ? "No schedule starts anything while all is paused." : "No schedule is due."}
      </div>
    </div>
  );
}

/** No asset is at fault, and yet nothing is well: the banner above says why. */
function Standstill() {
  return (
    <div className="panel" style={{ padding: 14 }}>
      <div className="row strong"><StateIcon state="failed" size={16} />Nothing is being started</div>
      <div className="dim" style={{ marginTop: 4, paddingLeft: 24 }}>No asset has failed. <Link to="/health" className="link" style={{ textDecoration: "underline" }}>Health</Link> says what holds everything up.</div>
    </div>
  );
}

/** One line a schedule: that a nightly job runs every night needs no five lines. */
const nextOfEach = (ticks: Overview["next_ticks"]) => ticks.filter((tick, i) => ticks.findIndex((other) => other.schedule === tick.schedule) === i);

function RunningAndNext({ data }: { data: Overview }) {
  return (
    <div className="panel">
      {data.running.map((run) => (
        <div key={run.id} className="line">
          <StateIcon state={run.status} />
          <span className="clip grow"><RunLink id={run.id} /> <span className="dim">{whatText(run)}</span></span>
          <CountsBar counts={run.counts} total={run.steps_total} width={80} />
          <span className="dim nowrap" style={{ minWidth: 72, textAlign: "right" }}><Duration from={run.started_at ?? run.created_at} /></span>
        </div>
      ))}
      {nextOfEach(data.next_ticks).map((tick) => (
        <div key={tick.schedule + tick.at} className="line">
          <StateIcon state="queued" title="Scheduled" />
          <Link to="/automation" search={{ schedule: tick.schedule }} className="link clip grow">{tick.schedule}</Link>
          <span className="dim wide-only clip">{formatInZone(Date.parse(tick.at), Intl.DateTimeFormat().resolvedOptions().timeZone)}</span>
          <span className="dim nowrap" style={{ minWidth: 72, textAlign: "right" }}><NextTick to={tick.at} /></span>
        </div>
      ))}
      {data.running.length + data.next_ticks.length === 0 && <div className="line dim">Nothing runs and no schedule is due.</div>}
    </div>
  );
}


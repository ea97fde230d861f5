import { getRouteApi, Link } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { sensorTicksQuery } from "@/api/queries";
import type { Sensor, SensorTick } from "@/api/types";
import { SmallTable, type Column } from "@/ui/DataTable";
import { Empty } from "@/ui/Empty";
import { RunLink } from "@/ui/links";
import { Loaded } from "@/ui/Loaded";
import { StateIcon } from "@/ui/StateIcon";
import { Ago, At, Countdown, Duration } from "@/ui/Time";
import { selectText, whatClass } from "@/ui/triggerText";
import { SensorActions } from "./SensorActions";

const route = getRouteApi("/automation");
const example = `sensors:
  - {name: landing, file: {glob: "landing/*.json"}, every: 10s, select: "bronze_events+"}
`;
const kinds: Record<Sensor["kind"], string> = {
  file: "files that are new or changed", webhook: "signed requests", asset: "what happens to other assets", sql: "what a query gives", program: "what a program answers",
};

/** Sensors beside the one of the address. */
export function SensorsTab({ items }: { items: Sensor[] }) {
  if (items.length > 0) return <Sensors items={items} />;
  return (
    <Empty title="No sensors" code={example}>
      A sensor starts a run when it finds something: a file, a webhook, what happens to another asset, the answer of a query or of a program of yours.
    </Empty>
  );
}

function Sensors({ items }: { items: Sensor[] }) {
  const { sensor } = route.useSearch();
  const shown = items.find((item) => item.name === sensor) ?? items[0]!;
  return (
    <div className="page-body schedules">
      <div className="panel schedule-list">
        {items.map((item) => (
          <Link key={item.name} to="/automation" search={{ tab: "sensors", sensor: item.name }} className="schedule" data-on={item === shown || undefined}>
            <StateIcon state={iconOf(item)} title={wordOf(item)} />
            <span className="grow"><span className="strong clip" style={{ display: "block" }}>{item.name}</span><span className="mono dim clip" style={{ display: "block" }} title={item.watches}>{item.watches}</span></span>
            <span className="dim num small"><Next sensor={item} /></span>
          </Link>
        ))}
      </div>
      <SensorDetail key={shown.name} sensor={shown} />
    </div>
  );
}

const iconOf = (sensor: Sensor) => (sensor.paused ? "paused" : sensor.evaluating ? "running" : sensor.failures > 0 ? "failed" : sensor.held ? "paused" : "ready");
const wordOf = (sensor: Sensor) => (sensor.paused ? "Paused" : sensor.evaluating ? "Looking now" : sensor.failures > 0 ? `Failed ${sensor.failures} times in a row` : sensor.held ?? "On");

function Next({ sensor }: { sensor: Sensor }) {
  if (sensor.paused) return "paused";
  if (sensor.held) return "held";
  if (sensor.evaluating) return "now";
  if (sensor.kind === "webhook" || sensor.kind === "asset" || sensor.notified) return "when told";
  return sensor.next_at ? <Countdown to={sensor.next_at} /> : "–";
}

function SensorDetail({ sensor }: { sensor: Sensor }) {
  const failing = sensor.failures > 0 ? sensor.last_tick : null;
  return (
    <div style={{ minWidth: 0 }}>
      <div className="row wrap" style={{ marginBottom: 12, minHeight: 30 }}>
        <h2 style={{ fontSize: 15, margin: 0 }}>{sensor.name}</h2>
        <span className="spacer" />
        <SensorActions sensor={sensor} />
      </div>
      {sensor.paused && (
        <div className="notice warn" style={{ marginBottom: 16 }}><StateIcon state="paused" size={16} /><div><span className="strong">Paused{sensor.paused_by ? ` by ${sensor.paused_by}` : ""}.</span> {sensor.pause_reason ?? "No reason was given."} What comes meanwhile is found when it is resumed{sensor.kind === "webhook" && "; whoever calls is told to come again"}.</div></div>
      )}
      {failing && !sensor.paused && (
        <div className="notice warn" style={{ marginBottom: 16 }}><StateIcon state="failed" size={16} /><div><span className="strong">It failed {sensor.failures === 1 ? "once" : `${sensor.failures} times in a row`}.</span> <span className="wrap-anywhere">{failing.reason}</span>{sensor.next_at && <> The next look is <Countdown to={sensor.next_at} />.</>} Its cursor did not move.</div></div>
      )}
      {sensor.refused && <div className="notice warn" style={{ marginBottom: 16 }}><StateIcon state="warned" size={16} /><div><span className="strong">{sensor.refused.count === 1 ? "One delivery was refused" : `${sensor.refused.count} deliveries were refused`}</span>, last <Ago at={sensor.refused.at} />: {sensor.refused.why}</div></div>}
      <Facts sensor={sensor} />
      <section className="section"><h2>Past looks</h2><Ticks sensor={sensor} /></section>
    </div>
  );
}

function Facts({ sensor }: { sensor: Sensor }) {
  const log = sensor.last_tick?.log;
  return (
    <>
      <dl className="facts section">
        <dt>Watches</dt><dd><span className="mono wrap-anywhere">{sensor.watches}</span> <span className="dim">{kinds[sensor.kind]}</span></dd>
        <dt>Runs</dt><dd>{sensor.job && <><Link to="/runs" search={{ job: sensor.job }} className="link strong">{sensor.job}</Link> </>}{sensor.select ? <Link to="/lineage" search={{ select: sensor.select }} className={`link dim ${whatClass({ job: null, select: sensor.select })}`}>{selectText(sensor.select)}</Link> : !sensor.job && "what the program asks for"}</dd>
        <dt>Looks</dt><dd>{sensor.kind === "webhook" || sensor.kind === "asset" ? "when it is told" : <>every <Duration ms={sensor.every_ms} />{sensor.notified && <span className="dim">, at once when the folder tells of a change</span>}</>}{sensor.overlap === "skip" && <span className="dim">, not while a run of it goes on</span>}</dd>
        <dt>Cursor</dt><dd>{sensor.cursor ? <span className="mono wrap-anywhere">{sensor.cursor}</span> : <span className="faint">none yet</span>}</dd>
        <dt>Last fired</dt><dd><Ago at={sensor.fired_at} /></dd>
      </dl>
      {log && <section className="section"><h2>What it wrote last</h2><pre className="panel" style={{ padding: "8px 12px", margin: 0, overflow: "auto", maxHeight: 160 }} tabIndex={0}>{log}</pre></section>}
    </>
  );
}

const outcome: Record<SensorTick["outcome"], [string, string]> = { fired: ["succeeded", "Fired"], skipped: ["waits", "Nothing"], failed: ["failed", "Failed"] };

const columns: Column<SensorTick>[] = [
  { id: "outcome", header: "Outcome", width: "84px", cell: (tick) => <span className="row"><StateIcon state={outcome[tick.outcome][0]} />{outcome[tick.outcome][1]}</span> },
  { id: "at", header: "At", width: "130px", cell: (tick) => <At at={tick.last_at} /> },
  { id: "times", header: "Times", width: "54px", align: "right", wide: true, cell: (tick) => (tick.repeats + 1).toLocaleString("en") },
  { id: "took", header: "Took", width: "64px", align: "right", wide: "desk", cell: (tick) => <Duration ms={tick.took_ms} /> },
  { id: "runs", header: "Runs", width: "minmax(56px, 120px)", cell: (tick) => <span className="clip">{tick.run_ids.slice(0, 3).map((id) => <span key={id}><RunLink id={id} /> </span>)}{tick.run_ids.length > 3 && <span className="dim">+{tick.run_ids.length - 3}</span>}</span> },
  { id: "why", header: "Why", width: "minmax(60px, 1fr)", wide: true, cell: (tick) => <span className="dim clip" title={tick.reason ?? tick.cursor_after ?? undefined}>{tick.reason ?? tick.cursor_after}</span> },
];

function Ticks({ sensor }: { sensor: Sensor }) {
  const ticks = useQuery(sensorTicksQuery(sensor.name));
  return <Loaded query={ticks}>{(data) => <SmallTable label="Past looks" columns={columns} rows={data.items} rowId={(tick) => String(tick.number)} empty={sensor.kind === "webhook" ? "Nothing was told yet." : "It has not looked yet."} />}</Loaded>;
}

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { nextStartQuery, triggersQuery } from "@/api/queries";
import type { Automation, Schedule, Sensor, Triggers as All } from "@/api/types";
import { originText } from "@/system/forecast/model";
import { nextStart } from "@/system/forecast/start";
import { quoted } from "@/system/selection/complete";
import { formatInZone } from "@/system/time/format";
import { automationState, PausedBy } from "@/ui/AutomationPause";
import { BackfillLink, keyToPath } from "@/ui/links";
import { StateIcon } from "@/ui/StateIcon";
import { stateMeta } from "@/ui/stateMeta";
import { Countdown } from "@/ui/Time";

/** What will happen to it next: everything that can start it, and when, or why not. Nothing at all is an answer as well. */
export function Triggers({ name }: { name: string }) {
  const { data } = useQuery(triggersQuery(name));
  return (
    <section className="section" aria-label="What starts it">
      <h2>What starts it</h2>
      {!data ? <div style={{ minHeight: 34 }} /> : <Body triggers={data} />}
    </section>
  );
}

function Body({ triggers }: { triggers: All }) {
  const { schedules, sensors, automation, backfills, paused } = triggers;
  if (schedules.length + sensors.length + backfills.length === 0 && !automation) return <div className="dim">Only people do. A schedule, a sensor or a condition (<span className="mono">automation: eager</span>) would start it by itself.</div>;
  const foreseen = !paused && (schedules.some((one) => !one.paused && one.steps !== "checks") || (automation !== null && automation.paused === null));
  return (
    <>
      {paused && <div className="notice warn" style={{ marginBottom: 8 }}><StateIcon state="paused" size={15} /><div style={{ overflowWrap: "anywhere" }}>Nothing starts by itself: paused <PausedBy pause={paused} />{paused.reason && <>. {paused.reason}</>}</div></div>}
      <div className="panel">
        {foreseen && <Next name={triggers.key} />}
        {automation && <OfAutomation automation={automation} held={paused !== null} />}
        {schedules.map((one) => <OfSchedule key={one.name} schedule={one} held={paused !== null} />)}
        {sensors.map((one) => <OfSensor key={one.name} sensor={one} held={paused !== null} />)}
        {backfills.map((one) => <Line key={one.id} state={one.status} what={<BackfillLink id={one.id}>Backfill {one.id}</BackfillLink>} how={one.reason ?? ""} when={one.status === "paused" ? `paused${one.by ? ` by ${one.by}` : ""}` : "under way"} />)}
      </div>
    </>
  );
}

function Line({ state, title, what, how, when }: { state: string; title?: string; what: ReactNode; how: ReactNode; when: ReactNode }) {
  return (
    <div className="line trigger">
      <StateIcon state={state} title={title} />
      <span className="trigger-what">{what}</span>
      <span className="clip grow dim small">{how}</span>
      <span className="dim num trigger-when">{when}</span>
    </div>
  );
}

/** Its own start, which comes after what is made above it and waits for slots: no tick says that. */
function Next({ name }: { name: string }) {
  const forecast = useQuery(nextStartQuery(name));
  const start = forecast.data && nextStart(forecast.data, name);
  return (
    <Line
      state="ready" title="Forecast" what={<Link to="/forecast" search={{ select: quoted(name) }} className="link strong">Next start</Link>}
      how={start ? <>foreseen, of {originText(start.run)}</> : forecast.data ? "foreseen" : forecast.error ? "cannot be foreseen now" : "being foreseen…"}
      when={start ? <Countdown to={start.at} /> : forecast.data ? "not within 24 h" : ""}
    />
  );
}

function OfAutomation({ automation, held }: { automation: Automation; held: boolean }) {
  const state = automationState(automation);
  return <Line state={held ? "paused" : state} what={<Link to="/assets/$key" params={{ key: keyToPath(automation.key) }} search={{ tab: "automation" }} className="link strong">Automation</Link>} how={<span className="mono" title={automation.condition ?? undefined}>{automation.condition}</span>} when={held ? "held" : stateMeta(state).label.toLowerCase()} />;
}

function OfSchedule({ schedule, held }: { schedule: Schedule; held: boolean }) {
  const tick = schedule.next_ticks[0];
  const off = schedule.paused || held;
  return (
    <Line
      state={off ? "paused" : "ready"} title={schedule.paused ? `Paused by ${schedule.paused_by ?? "its definition"}` : "Schedule"} what={<Link to="/automation" search={{ tab: "schedules", schedule: schedule.name }} className="link strong">{schedule.name}</Link>}
      how={<>{schedule.steps === "checks" && "only its checks, "}<span className="mono">{schedule.cron}</span> {schedule.timezone}</>}
      when={schedule.paused ? `paused${schedule.paused_by ? ` by ${schedule.paused_by}` : ""}` : held ? "held" : tick ? <span title={formatInZone(Date.parse(tick), schedule.timezone)}><Countdown to={tick} /></span> : "no tick"}
    />
  );
}

function OfSensor({ sensor, held }: { sensor: Sensor; held: boolean }) {
  const told = sensor.kind === "webhook" || sensor.kind === "asset" || sensor.notified;
  const failing = !sensor.paused && sensor.failures > 0;
  return (
    <Line
      state={sensor.paused || held || sensor.held ? "paused" : failing ? "failed" : "ready"} title={failing ? `Failed ${sensor.failures} times in a row` : sensor.held ?? "Sensor"}
      what={<Link to="/automation" search={{ tab: "sensors", sensor: sensor.name }} className="link strong">{sensor.name}</Link>} how={<>sensor: <span className="mono" title={sensor.watches}>{sensor.watches}</span></>}
      when={sensor.paused ? `paused${sensor.paused_by ? ` by ${sensor.paused_by}` : ""}` : held || sensor.held ? "held" : told ? "when told" : sensor.next_at ? <>looks in <Countdown to={sensor.next_at} /></> : "–"}
    />
  );
}

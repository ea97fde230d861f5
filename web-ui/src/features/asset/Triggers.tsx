import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { nextStartQuery, triggersQuery } from "@/api/queries";
import type { Automation, AutomationPause, Schedule, Sensor, Triggers as All } from "@/api/types";
import { firstMade } from "@/system/automation/mute";
import { originText } from "@/system/forecast/model";
import { nextStart } from "@/system/forecast/start";
import { quoted } from "@/system/selection/complete";
import { formatInZone } from "@/system/time/format";
import { automationState, PauseButton, PausedBy, ResumeButton } from "@/ui/AutomationPause";
import { BackfillLink, keyToPath } from "@/ui/links";
import { StateIcon } from "@/ui/StateIcon";
import { stateMeta } from "@/ui/stateMeta";
import { Countdown } from "@/ui/Time";

/** What will happen to it next: everything that can start it, and when, or why not. Nothing at all is an answer as well. */
export function Triggers({ name }: { name: string }) {
  const { data } = useQuery(triggersQuery(name));
  return (
    <section className="section" aria-label="What starts it">
      <div className="row" style={{ minHeight: 30, marginBottom: 8 }}>
        <h2 className="section-title grow" style={{ margin: 0 }}>What starts it</h2>
        {data && (data.muted ? <ResumeButton name={name} /> : <PauseButton name={name} />)}
      </div>
      {!data ? <div style={{ minHeight: 34 }} /> : <Body triggers={data} />}
    </section>
  );
}

function Body({ triggers }: { triggers: All }) {
  const { schedules, sensors, automation, backfills, paused, muted } = triggers;
  const nothing = schedules.length + sensors.length + backfills.length === 0 && !automation;
  if (nothing && !muted) return <div className="dim">Only people do. A schedule, a sensor or a condition (<span className="mono">automation: eager</span>) would start it by itself.</div>;
  const foreseen = !paused && (muted === null || muted.until !== null) && (schedules.some((one) => !one.paused && one.steps !== "checks") || automation !== null);
  return (
    <>
      {paused && <div className="notice warn" style={{ marginBottom: 8 }}><StateIcon state="paused" size={15} /><div style={{ overflowWrap: "anywhere" }}>Nothing starts by itself: paused <PausedBy pause={paused} />{paused.reason && <>. {paused.reason}</>}</div></div>}
      {muted && <div className="notice warn" data-testid="muted" style={{ marginBottom: 8 }}><StateIcon state="muted" size={15} /><div style={{ overflowWrap: "anywhere" }}>Muted <PausedBy pause={muted} />: {muted.reason}. <span className="dim">What starts by itself leaves it out; people can still materialize it.</span></div></div>}
      {!nothing && <div className="panel">
        {foreseen && <Next name={triggers.key} />}
        {automation && <OfAutomation automation={automation} held={paused !== null} />}
        {schedules.map((one) => <OfSchedule key={one.name} schedule={one} held={paused !== null} muted={muted} />)}
        {sensors.map((one) => <OfSensor key={one.name} sensor={one} held={paused !== null} muted={muted !== null} />)}
        {backfills.map((one) => <Line key={one.id} state={one.status} what={<BackfillLink id={one.id}>Backfill {one.id}</BackfillLink>} how={one.reason ?? ""} when={one.status === "paused" ? `paused${one.by ? ` by ${one.by}` : ""}` : "under way"} />)}
      </div>}
    </>
  );
}

/** `why`: a sentence of its own, whole, below. */
function Line({ state, title, what, how, when, why }: { state: string; title?: string; what: ReactNode; how: ReactNode; when: ReactNode; why?: string }) {
  return (
    <div className="line trigger">
      <StateIcon state={state} title={title} />
      <span className="trigger-what">{what}</span>
      <span className="clip grow dim small">{how}</span>
      <span className="dim num trigger-when">{when}</span>
      {why && <span className="trigger-why dim small">{why}</span>}
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
  return <Line state={held ? "paused" : state} what={<Link to="/assets/$key" params={{ key: keyToPath(automation.key) }} search={{ tab: "automation" }} className="link strong">Automation</Link>} how={<span className="mono" title={automation.condition ?? undefined}>{automation.condition}</span>} when={held ? "held" : stateMeta(state).label.toLowerCase()} why={automation.held ? `held back: ${automation.held}; ${automation.next ?? ""}` : automation.next ?? undefined} />;
}

function OfSchedule({ schedule, held, muted }: { schedule: Schedule; held: boolean; muted: AutomationPause | null }) {
  const tick = firstMade(muted, schedule.next_ticks);
  const leaves = muted !== null && tick === undefined && schedule.next_ticks.length > 0;
  const off = schedule.paused || held || leaves;
  return (
    <Line
      state={off ? "paused" : "ready"} title={schedule.paused ? `Paused by ${schedule.paused_by ?? "its definition"}` : "Schedule"} what={<Link to="/automation" search={{ tab: "schedules", schedule: schedule.name }} className="link strong">{schedule.name}</Link>}
      how={<>{schedule.steps === "checks" && "only its checks, "}<span className="mono">{schedule.cron}</span> {schedule.timezone}</>}
      when={schedule.paused ? `paused${schedule.paused_by ? ` by ${schedule.paused_by}` : ""}` : held ? "held" : tick ? <span title={formatInZone(Date.parse(tick), schedule.timezone)}><Countdown to={tick} /></span> : leaves ? "leaves it out" : "no tick"}
    />
  );
}

function OfSensor({ sensor, held, muted }: { sensor: Sensor; held: boolean; muted: boolean }) {
  const told = sensor.kind === "webhook" || sensor.kind === "asset" || sensor.notified;
  const failing = !sensor.paused && sensor.failures > 0;
  return (
    <Line
      state={sensor.paused || held || sensor.held || muted ? "paused" : failing ? "failed" : "ready"} title={failing ? `Failed ${sensor.failures} times in a row` : sensor.held ?? "Sensor"}
      what={<Link to="/automation" search={{ tab: "sensors", sensor: sensor.name }} className="link strong">{sensor.name}</Link>} how={<>sensor: <span className="mono" title={sensor.watches}>{sensor.watches}</span></>}
      when={sensor.paused ? `paused${sensor.paused_by ? ` by ${sensor.paused_by}` : ""}` : held || sensor.held ? "held" : muted ? "leaves it out" : told ? "when told" : sensor.next_at ? <>looks in <Countdown to={sensor.next_at} /></> : "–"}
    />
  );
}

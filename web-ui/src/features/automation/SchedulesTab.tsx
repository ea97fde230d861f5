import { Button, Popover, TextInput } from "@mantine/core";
import { IconPlayerPauseFilled, IconPlayerPlayFilled } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { pauseSchedule, resumeSchedule, triggerSchedule } from "@/api/actions";
import { keys } from "@/api/keys";
import { ticksQuery } from "@/api/queries";
import type { Schedule, Tick } from "@/api/types";
import { formatDuration, formatInZone } from "@/system/time/format";
import { SmallTable, type Column } from "@/ui/DataTable";
import { Empty } from "@/ui/Empty";
import { RunLink } from "@/ui/links";
import { Loaded } from "@/ui/Loaded";
import { toastProblem, toastRun } from "@/ui/Materialize";
import { StateIcon, StateLabel } from "@/ui/StateIcon";
import { Ago, At } from "@/ui/Time";
import { NextTick } from "@/ui/NextTick";
import { selectText, whatClass } from "@/ui/triggerText";

const route = getRouteApi("/automation");
const example = `jobs:
  - {name: nightly, select: "*"}
schedules:
  - {name: nightly, job: nightly, cron: "0 2 * * *", timezone: Europe/London}
`;

/** Schedules beside the one of the address. */
export function SchedulesTab({ items }: { items: Schedule[] }) {
  if (items.length > 0) return <Schedules items={items} />;
  return <Empty title="No schedules" code={example}>A schedule needs a job, a cron line and a time zone. Put this into <span className="mono">assetd.yaml</span> and reload.</Empty>;
}

function Schedules({ items }: { items: Schedule[] }) {
  const { schedule } = route.useSearch();
  const shown = items.find((item) => item.name === schedule) ?? items[0]!;
  return (
    <div className="page-body schedules">
      <div className="panel schedule-list">
        {items.map((item) => (
          <Link key={item.name} to="/automation" search={{ schedule: item.name }} className="schedule" data-on={item === shown || undefined}>
            <StateIcon state={item.paused ? "canceled" : item.last_tick?.outcome === "failed" ? "failed" : "ready"} title={item.paused ? "Paused" : "On"} />
            <span className="grow"><span className="strong clip" style={{ display: "block" }}>{item.name}</span><span className="mono dim">{item.cron}</span></span>
            <span className="dim num small">{item.paused ? "paused" : item.next_ticks[0] ? <NextTick to={item.next_ticks[0]} /> : "no tick"}</span>
          </Link>
        ))}
      </div>
      <ScheduleDetail key={shown.name} schedule={shown} />
    </div>
  );
}

function ScheduleDetail({ schedule }: { schedule: Schedule }) {
  return (
    <div style={{ minWidth: 0 }}>
      <div className="row wrap" style={{ marginBottom: 12, minHeight: 30 }}>
        <h2 style={{ fontSize: 15, margin: 0 }}>{schedule.name}</h2>
        <span className="spacer" />
        <Actions schedule={schedule} />
      </div>
      {schedule.paused && (
        <div className="notice warn" style={{ marginBottom: 16 }}><StateIcon state="canceled" size={16} /><div><span className="strong">Paused{schedule.paused_by ? ` by ${schedule.paused_by}` : ""}.</span> {schedule.pause_reason ?? "No reason was given."} It starts nothing until it is resumed.</div></div>
      )}
      <dl className="facts section">
        <dt>Runs</dt><dd>{schedule.job && <><Link to="/runs" search={{ job: schedule.job }} className="link strong">{schedule.job}</Link> </>}<Link to="/lineage" search={{ select: schedule.select }} className={`link dim ${whatClass({ job: null, select: schedule.select })}`}>{selectText(schedule.select)}</Link></dd>
        <dt>When</dt><dd><span className="mono">{schedule.cron}</span> <span className="dim">in {schedule.timezone}{schedule.jitter_ms > 0 && `, up to ${formatDuration(schedule.jitter_ms)} later`}</span></dd>
        {schedule.steps !== "all" && <><dt>Runs</dt><dd>{schedule.steps === "checks" ? "only the checks, makes nothing" : "only the assets, no checks"}</dd></>}
        <dt>Missed ticks</dt><dd>{misfires[schedule.misfire] ?? schedule.misfire}</dd>
        <dt>Overlap</dt><dd>{schedule.overlap === "skip" ? "a tick is skipped while the last run goes on" : schedule.overlap}</dd>
      </dl>
      {!schedule.paused && <NextTicks schedule={schedule} />}
      <section className="section"><h2>Past ticks</h2><Ticks name={schedule.name} /></section>
    </div>
  );
}

const misfires: Record<string, string> = { once: "made up for once", skip: "skipped", all: "all made up for" };

function NextTicks({ schedule }: { schedule: Schedule }) {
  return (
    <section className="section">
      <h2>Next</h2>
      <div className="panel">
        {schedule.next_ticks.slice(0, 5).map((at) => (
          <div key={at} className="line"><span className="num grow">{formatInZone(Date.parse(at), schedule.timezone)}</span><span className="dim">{schedule.paused ? "paused" : <NextTick to={at} />}</span></div>
        ))}
        {schedule.next_ticks.length === 0 && <div className="line dim">This cron line has no future instant.</div>}
      </div>
    </section>
  );
}

/** Codes read as words; a sentence names assets as they are called. */
const inWords = (reason: string) => (/^[a-z_]+$/.test(reason) ? reason.replaceAll("_", " ") : reason);

const columns: Column<Tick>[] = [
  { id: "outcome", header: "Outcome", width: "120px", cell: (tick) => <StateLabel state={tick.outcome} /> },
  { id: "instant", header: "For", width: "140px", cell: (tick) => <At at={tick.instant} /> },
  { id: "at", header: "Handled", width: "90px", wide: "desk", cell: (tick) => <span className="dim"><Ago at={tick.at} /></span> },
  { id: "run", header: "Run", width: "60px", cell: (tick) => tick.run_id && <RunLink id={tick.run_id} /> },
  { id: "why", header: "Why", width: "minmax(60px, 1fr)", wide: true, cell: (tick) => <span className="dim">{tick.reason && inWords(tick.reason)}</span> },
];

function Ticks({ name }: { name: string }) {
  const ticks = useQuery(ticksQuery(name));
  return <Loaded query={ticks}>{(data) => <SmallTable label="Past ticks" columns={columns} rows={data.items} rowId={(tick) => tick.instant} empty="It has not ticked yet." />}</Loaded>;
}

function Actions({ schedule }: { schedule: Schedule }) {
  const client = useQueryClient();
  const done = () => client.invalidateQueries({ queryKey: keys.schedules });
  const resume = useMutation({ mutationFn: () => resumeSchedule(schedule.name), onSuccess: done, onError: toastProblem("The schedule was not resumed") });
  const trigger = useMutation({ mutationFn: () => triggerSchedule(schedule.name), onSuccess: (plan) => toastRun(plan), onError: toastProblem("The schedule was not triggered") });
  return (
    <>
      {schedule.paused ? <Button variant="default" loading={resume.isPending} onClick={() => resume.mutate()}>Resume</Button> : <PauseButton name={schedule.name} done={done} />}
      <Button leftSection={<IconPlayerPlayFilled size={12} />} loading={trigger.isPending} onClick={() => trigger.mutate()}>Trigger now</Button>
    </>
  );
}

function PauseButton({ name, done }: { name: string; done: () => void }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const pause = useMutation({
    mutationFn: () => pauseSchedule(name, reason.trim()), onError: toastProblem("The schedule was not paused"),
    onSuccess: () => {
      setOpen(false);
      done();
    },
  });
  return (
    <Popover opened={open} onChange={setOpen} width={300} trapFocus shadow="sm" position="bottom-end" transitionProps={{ duration: 0 }}>
      <Popover.Target><Button variant="default" leftSection={<IconPlayerPauseFilled size={12} />} onClick={() => setOpen(!open)}>Pause…</Button></Popover.Target>
      <Popover.Dropdown>
        <form className="column" style={{ gap: 8 }} onSubmit={(event) => { event.preventDefault(); pause.mutate(); }}>
          <TextInput label="Why? Others will see it." placeholder="The warehouse moves today" value={reason} onChange={(event) => setReason(event.currentTarget.value)} data-autofocus />
          <Button type="submit" loading={pause.isPending}>Pause {name}</Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

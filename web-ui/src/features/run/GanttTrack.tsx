import { Tooltip } from "@mantine/core";
import type { Step } from "@/api/types";
import { position, type GanttBar, type GanttRow, type GanttView } from "@/system/gantt/model";
import { waitText } from "@/system/queue/waiting";
import { formatDuration, localTimes } from "@/system/time/format";
import { reasonText, stateMeta } from "@/ui/stateMeta";
import { stepText, type SelectStep } from "./stepOf";

interface Props { row: GanttRow; step: Step; view: GanttView; now: number; live: boolean; select: SelectStep }

/** One step's bars: hatched while it waited, one bar an attempt, and why it waits or never ran. */
export function GanttTrack({ row, step, view, now, live, select }: Props) {
  const last = row.bars.at(-1);
  const idle = !last || (last.kind === "wait" && last.to === null);
  return (
    <Tooltip label={<StepCard step={step} row={row} now={now} />} position="top" offset={4} openDelay={250} multiline w={340} classNames={{ tooltip: "step-card" }}>
      <div className="gantt-track">
        {row.bars.map((bar, i) => <Bar key={i} bar={bar} critical={row.critical} view={view} now={now} open={() => select(step, bar.attempt || undefined)} />)}
        {idle && note(step, now) && <span className="gantt-note" style={last && beside(Math.max(0, position(last.from, view)))}>{note(step, now)}</span>}
        {live && <i className="gantt-now" style={{ left: `${position(now, view)}%` }} />}
      </div>
    </Tooltip>
  );
}

/** Where the wait begins; one that begins late has its words end with the track, or they would run out of the page. */
const beside = (from: number) => (from > 50 ? { left: "auto", right: 0, maxWidth: "60%" } : { left: `calc(${from}% + 4px)`, maxWidth: `calc(${100 - from}% - 4px)` });

/** Why there is no bar: beside it, so that nobody has to open the step to learn it. */
function note(step: Step, now: number): string {
  const blocker = step.blocked_by[0];
  if (step.status === "skipped") return `skipped: ${step.root_causes.map(stepText).join(", ") || step.detail || "upstream failed"}`;
  if (step.reason === "reused") return localTimes(step.detail ?? "reused");
  if (step.status === "canceled") return "canceled before it started";
  if (blocker) return `waits for ${waitText(blocker, now)}`;
  return "";
}

function Bar({ bar, critical, view, now, open }: { bar: GanttBar; critical: boolean; view: GanttView; now: number; open: () => void }) {
  const left = Math.max(0, position(bar.from, view));
  const right = Math.min(100, position(bar.to ?? now, view));
  if (right < 0 || left > 100) return null;
  const tone = bar.status === "succeeded" ? "var(--bar-ok)" : stateMeta(bar.status).colour;
  const style = { left: `${left}%`, width: `max(3px, ${right - left}%)`, ["--tone" as string]: tone };
  if (bar.kind === "wait") return <span className="gantt-bar" data-kind="wait" style={style} />;
  return (
    <span className="gantt-bar" data-kind={bar.kind} data-status={bar.status} data-critical={(critical && bar.kind === "attempt") || undefined} style={style} onClick={(event) => {
      event.stopPropagation();
      open();
    }} />
  );
}

function StepCard({ step, row, now }: { step: Step; row: GanttRow; now: number }) {
  const bar = row.bars.findLast((one) => one.kind === "attempt");
  const own = bar && (step.attempts.at(-1)?.batch.length ?? 0) > 1 ? (bar.to ?? now) - bar.from : null;
  return (
    <div className="column" style={{ gap: 4 }}>
      <div className="strong" style={{ overflowWrap: "anywhere" }}>{row.label}</div>
      <div>{stateMeta(step.status).label}{own !== null && <span className="dim num">, {formatDuration(own)} of its own work</span>}{step.detail ? <span className="dim">: {step.detail}</span> : step.reason && <span className="dim">: {reasonText(step.reason)}</span>}</div>
      {step.attempts.map((attempt) => {
        const from = attempt.started_at ?? attempt.intended_at;
        return (
          <div key={attempt.number} className="dim num">
            Attempt {attempt.number}: {attempt.status}{from && `, ${formatDuration((attempt.ended_at ? Date.parse(attempt.ended_at) : now) - Date.parse(from))}`}
            {attempt.reason && `, ${reasonText(attempt.reason)}`}{attempt.batch.length > 1 && `, one process for ${attempt.batch.length} steps`}
          </div>
        );
      })}
      {step.blocked_by.map((blocker) => <div key={blocker.what} className="dim">Waits for {waitText(blocker, now)}</div>)}
      {step.deps.length > 0 && <div className="dim">After {step.deps.slice(0, 6).join(", ")}{step.deps.length > 6 && ` and ${step.deps.length - 6} more`}</div>}
      {row.critical && <div className="dim">On the critical path: a faster run starts here</div>}
    </div>
  );
}

import { position, type GanttView } from "@/system/gantt/model";
import { formatDuration, niceTimeStep } from "@/system/time/format";

/** Ticks of time since the run began. */
export function GanttAxis({ view, from }: { view: GanttView; from: number }) {
  const narrow = window.innerWidth <= 700;
  const step = niceTimeStep(view.to - view.from, narrow ? 4 : 7);
  const ticks: number[] = [];
  for (let at = Math.ceil((view.from - from) / step) * step; at <= view.to - from; at += step) if (position(from + at, view) < (narrow ? 80 : 94)) ticks.push(at);
  return (
    <div className="gantt-axis" aria-hidden>
      {ticks.map((at) => <span key={at} className="num" style={{ left: `${position(from + at, view)}%` }}>{at === 0 ? "0" : formatDuration(at).replace(".0 s", " s")}</span>)}
    </div>
  );
}

import { useInfiniteQuery } from "@tanstack/react-query";
import { runsQuery } from "@/api/queries";
import { CountsBar } from "@/ui/Counts";
import { RunLink } from "@/ui/links";
import { Problem } from "@/ui/Loaded";
import { StateIcon } from "@/ui/StateIcon";
import { whatText } from "@/ui/triggerText";
import { Ago, Duration } from "@/ui/Time";

const shown = 5;

export const useRecentRuns = () => useInfiniteQuery(runsQuery({}, 20));

/** The last runs that came to an end, one line each. */
export function RecentRuns() {
  const runs = useRecentRuns();
  const ended = runs.data?.pages[0]?.items.filter((run) => run.ended_at !== null).slice(0, shown) ?? [];
  if (runs.error && !runs.data) return <Problem error={runs.error} retry={() => void runs.refetch()} />;
  if (!runs.data) return null;
  return (
    <div className="panel">
      {ended.map((run) => (
        <div key={run.id} className="line">
          <StateIcon state={run.status} />
          <span className="clip grow"><RunLink id={run.id} /> <span className="dim">{whatText(run)}</span></span>
          <CountsBar counts={run.counts} total={run.steps_total} width={80} />
          <span className="dim nowrap" style={{ minWidth: 56, textAlign: "right" }}><Duration from={run.started_at} to={run.ended_at} ms={run.duration_ms} /></span>
          <span className="dim nowrap" style={{ minWidth: 76, textAlign: "right" }}><Ago at={run.ended_at} /></span>
        </div>
      ))}
      {ended.length === 0 && <div className="line dim">No run has ended yet.</div>}
    </div>
  );
}

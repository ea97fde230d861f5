import { Link } from "@tanstack/react-router";
import type { AssetAttempt } from "@/api/types";
import { formatDuration, formatTime } from "@/system/time/format";
import { stateMeta } from "./stateMeta";

/** The last attempts, oldest left: height is duration, colour is outcome, each a link to its run. Room is kept for 50. */
export function AttemptStrip({ attempts, slots = 50 }: { attempts: AssetAttempt[]; slots?: number }) {
  const shown = attempts.slice(0, slots).reverse();
  const longest = Math.max(1, ...shown.map((attempt) => attempt.duration_ms ?? 0));
  return (
    <div className="strip" role="group" aria-label="Last attempts, oldest first">
      {Array.from({ length: slots - shown.length }, (_, i) => <span key={`ghost${i}`} className="ghost" aria-hidden />)}
      {shown.map((attempt) => {
        const meta = stateMeta(attempt.status);
        const height = `${Math.max(10, Math.sqrt((attempt.duration_ms ?? 0) / longest) * 100)}%`;
        const title = `#${attempt.run_id} ${meta.label.toLowerCase()} · ${formatDuration(attempt.duration_ms)}${attempt.started_at ? ` · ${formatTime(Date.parse(attempt.started_at))}` : ""}`;
        return (
          <Link key={`${attempt.run_id}/${attempt.attempt}`} to="/runs/$id" params={{ id: attempt.run_id }} search={{}} title={title} aria-label={title}>
            <span style={{ height, background: attempt.status === "succeeded" ? "var(--bar-ok)" : meta.colour }} />
          </Link>
        );
      })}
    </div>
  );
}

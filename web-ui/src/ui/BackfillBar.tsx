import { Tooltip } from "@mantine/core";
import type { BackfillCounts } from "@/api/types";
import { StateIcon } from "./StateIcon";
import { stateMeta } from "./stateMeta";

const order = [["succeeded", "succeeded", "succeeded"], ["in_progress", "running", "in progress"], ["failed", "failed", "failed"], ["skipped", "skipped", "skipped"], ["canceled", "canceled", "canceled"]] as const;

/** Partitions by what became of them, as one bar; what waits is its empty end. */
export function BackfillBar({ counts, total, width = 110 }: { counts: BackfillCounts; total: number; width?: number | string }) {
  const label = `${order.filter(([name]) => counts[name] > 0).map(([name, , word]) => `${counts[name].toLocaleString("en")} ${word}`).join(", ") || "nothing has started"} of ${total.toLocaleString("en")}`;
  return (
    <Tooltip label={label}>
      <div className="counts-bar" style={{ width }} role="img" aria-label={label}>
        {order.map(([name, state]) => counts[name] > 0 && (
          <div key={name} data-hatched={name === "skipped" || undefined} style={{ flexGrow: counts[name], background: name === "succeeded" ? "var(--bar-ok)" : stateMeta(state).colour, ["--tone" as string]: stateMeta(state).colour }} />
        ))}
        {counts.waiting > 0 && <div style={{ flexGrow: counts.waiting, background: "var(--bg-active)" }} />}
      </div>
    </Tooltip>
  );
}

/** Icon and number of each kind that occurs. */
export function BackfillCountsList({ counts }: { counts: BackfillCounts }) {
  return (
    <span className="row tight wrap" style={{ gap: "2px 12px" }}>
      {order.map(([name, state, word]) => counts[name] > 0 && <span key={name} className="state num"><StateIcon state={state} size={13} />{counts[name].toLocaleString("en")} {word}</span>)}
      {counts.waiting > 0 && <span className="state num"><StateIcon state="pending" size={13} title="Waiting" />{counts.waiting.toLocaleString("en")} waiting</span>}
    </span>
  );
}

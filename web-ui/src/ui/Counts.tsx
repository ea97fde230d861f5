import type { StepCounts } from "@/api/types";
import { StateIcon } from "./StateIcon";
import { stateMeta, stepOrder } from "./stateMeta";
import { Tooltip } from "@mantine/core";

const words = (status: string) => stateMeta(status).label.toLowerCase();

/** Steps by status as one bar: what is done grows from the left, what is wrong ends it. */
export function CountsBar({ counts, total, width = 96 }: { counts: StepCounts; total: number; width?: number | string }) {
  const order = ["succeeded", "running", "starting", "failed", "skipped", "canceled"] as const;
  const label = order.filter((s) => counts[s] > 0).map((s) => `${counts[s]} ${words(s)}`).join(", ") || "nothing has started";
  return (
    <Tooltip label={`${label} of ${total}`}>
      <div className="counts-bar" style={{ width }} role="img" aria-label={`${label} of ${total}`}>
        {order.map((s) => counts[s] > 0 && (
          <div key={s} data-hatched={s === "skipped" || undefined} style={{ flexGrow: counts[s], background: s === "succeeded" ? "var(--bar-ok)" : stateMeta(s).colour, ["--tone" as string]: stateMeta(s).colour }} />
        ))}
        {(() => {
          const rest = total - order.reduce((sum, s) => sum + counts[s], 0);
          return rest > 0 && <div style={{ flexGrow: rest, background: "var(--bg-active)" }} />;
        })()}
      </div>
    </Tooltip>
  );
}

/** Icon and number for each status that occurs, worst first. */
export function CountsList({ counts }: { counts: StepCounts }) {
  return (
    <span className="row tight wrap" style={{ gap: "2px 12px" }}>
      {stepOrder.map((s) => counts[s] > 0 && (
        <span key={s} className="state num"><StateIcon state={s} size={13} />{counts[s].toLocaleString("en")} {words(s)}</span>
      ))}
    </span>
  );
}

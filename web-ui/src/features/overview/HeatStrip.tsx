import { Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Overview } from "@/api/types";
import { quoted } from "@/system/selection/complete";

const shownGroups = 24;
type History = Overview["history"];
const dayName = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** Days by groups: green where all steps went well, a red foot for the share that failed, hatched for skipped. */
export function HeatStrip({ history }: { history: History }) {
  const groups = history.groups.filter((group) => group.cells.some((cell) => cell.succeeded + cell.failed + cell.skipped > 0));
  const shown = worstFirst(groups).slice(0, shownGroups);
  if (groups.length === 0) return <div className="panel dim" style={{ padding: 12 }}>Nothing has run yet. After the first run its outcome stands here, day by day.</div>;
  return (
    <div className="days" style={{ gridTemplateColumns: `minmax(64px, max-content) repeat(${history.days.length}, minmax(0, 1fr))` }}>
      {shown.map((group) => (
        <GroupRow key={group.group ?? ""} group={group} days={history.days} />
      ))}
      {groups.length > shown.length && <Link to="/assets" className="link heat-name dim" style={{ gridColumn: "1 / -1" }}>and {groups.length - shown.length} more groups</Link>}
      <span />
      {history.days.map((day, i) => (
        <span key={day} className="heat-day faint num">{i % 3 === (history.days.length - 1) % 3 ? dayName.format(Date.parse(day)) : ""}</span>
      ))}
    </div>
  );
}

/** Many groups: those with a failure in these days come first, the others as they were. */
function worstFirst(groups: History["groups"]): History["groups"] {
  if (groups.length <= shownGroups) return groups;
  const bad = (group: History["groups"][number]) => group.cells.some((cell) => cell.failed + cell.skipped > 0);
  return [...groups.filter(bad), ...groups.filter((group) => !bad(group))];
}

function GroupRow({ group, days }: { group: History["groups"][number]; days: string[] }) {
  return (
    <>
      {group.group ? <Link to="/lineage" search={{ select: `group:${quoted(group.group)}` }} className="link clip heat-name">{group.group}</Link> : <span className="dim heat-name">no group</span>}
      {group.cells.map((cell, i) => <Cell key={days[i]} cell={cell} day={days[i] ?? ""} />)}
    </>
  );
}

function Cell({ cell, day }: { cell: History["groups"][number]["cells"][number]; day: string }) {
  const total = cell.succeeded + cell.failed + cell.skipped;
  const label = total === 0 ? `${day}: nothing ran` : `${day}: ${cell.succeeded} succeeded, ${cell.failed} failed, ${cell.skipped} skipped`;
  const share = (n: number) => (n === 0 ? 0 : Math.max(22, (n / total) * 100));
  return (
    <Tooltip label={label}>
      <span className="heat-cell" role="img" aria-label={label} data-empty={total === 0 || undefined}>
        {cell.skipped > 0 && <i className="heat-skipped" style={{ height: `${share(cell.skipped)}%` }} />}
        {cell.failed > 0 && <i className="heat-failed" style={{ height: `${share(cell.failed)}%` }} />}
      </span>
    </Tooltip>
  );
}

import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { Automation } from "@/api/types";
import { automationState } from "@/ui/AutomationPause";
import { DataTable, type Column } from "@/ui/DataTable";
import { Empty } from "@/ui/Empty";
import { AssetLink, keyToPath, RunLink } from "@/ui/links";
import { StateIcon } from "@/ui/StateIcon";
import { stateMeta } from "@/ui/stateMeta";
import { Ago } from "@/ui/Time";

const example = `assets:
  - key: report
    deps: [raw]
    automation: eager
    run: {plugin: exec, command: [python, report.py]}
`;

/** Where its mute stands: without a condition there is no page of its automation. */
const tabOf = (one: Automation) => (one.condition === null ? undefined : "automation");

const columnsOf = (held: boolean): Column<Automation>[] => [
  { id: "key", header: "Asset", width: "minmax(110px, 2fr)", cell: (one) => <span className="row"><StateIcon state={automationState(one)} /><span className="strong clip"><AssetLink name={one.key} tab={tabOf(one)} /></span></span> },
  { id: "state", header: "State", width: "minmax(60px, 1.1fr)", cell: (one) => <State one={one} held={held} /> },
  { id: "condition", header: "Condition", width: "minmax(120px, 3fr)", wide: true, cell: (one) => <span className="mono dim" title={one.condition ?? undefined}>{one.condition ?? "none"}</span> },
  { id: "at", header: "Asked for", width: "80px", align: "right", cell: (one) => <AskedFor one={one} /> },
  { id: "run", header: "Run", width: "44px", align: "right", wide: true, cell: (one) => one.run_id && <RunLink id={one.run_id} step={one.key} /> },
];

/** The time leads to the run as well: a phone has no column for it. */
function AskedFor({ one }: { one: Automation }) {
  if (!one.requested_at) return <span className="faint" title="It was never asked for">–</span>;
  const ago = <span className="dim"><Ago at={one.requested_at} /></span>;
  return one.run_id ? <RunLink id={one.run_id} step={one.key}>{ago}</RunLink> : ago;
}

function State({ one, held }: { one: Automation; held: boolean }) {
  const word = stateMeta(automationState(one)).label;
  if (one.paused) return <span title={one.paused.reason}>{word} <span className="dim">by {one.paused.by}: {one.paused.reason}</span></span>;
  if (one.held) return <span title={one.held}>{word}</span>;
  return one.holds && held ? <span title="All automation is paused">{word} <span className="dim">when resumed</span></span> : <span title={one.next ?? undefined}>{word}</span>;
}

interface Props { rows: Automation[]; held: boolean; assets: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown } }

/** Assets that have a condition or are muted. `held`: nothing is asked for, whatever they say. */
export function AutomatedAssets({ rows, held, assets }: Props) {
  const navigate = useNavigate();
  const columns = useMemo(() => columnsOf(held), [held]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = assets;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  if (rows.length === 0) {
    return (
      <Empty title="No asset is materialized by itself" code={example}>
        With <span className="mono">automation: eager</span> an asset is materialized whenever one above it was, once none of them is missing or being
        made. <span className="mono">on_cron("0 6 * * *")</span> and <span className="mono">on_missing</span> are other conditions; they combine with and, or, not.
      </Empty>
    );
  }
  return (
    <DataTable
      label="Assets with automation" columns={columns} rows={rows} rowId={(one) => one.key} onEnd={more}
      onOpen={(one) => void navigate({ to: "/assets/$key", params: { key: keyToPath(one.key) }, search: { tab: tabOf(one) } })}
    />
  );
}

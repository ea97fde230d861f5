import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { partitionsQuery } from "@/api/queries";
import type { PartitionCounts, PartitionRow } from "@/api/types";
import { SmallTable, type Column } from "@/ui/DataTable";
import { keyToPath, RunLink } from "@/ui/links";
import { Problem, Waiting } from "@/ui/Loaded";
import { StateIcon } from "@/ui/StateIcon";
import { Ago, At } from "@/ui/Time";

const route = getRouteApi("/assets/$key");
const stateOf = { missing: "never", materialized: "materialized", failed: "failed" } as const;

const stateText = (row: PartitionRow) => (row.under_way ? `${row.under_way.status}, ${row.status} until now` : row.status);

/** What is under way comes first, with its run. */
function StateWord({ row, asset }: { row: PartitionRow; asset: string }) {
  if (!row.under_way) return <>{row.status}{row.failed_checks.length > 0 && <>, <Link to="/assets/$key" params={{ key: keyToPath(asset) }} search={{ tab: "checks" }} className="link bad" title={`Failed last: ${row.failed_checks.join(", ")}`}>{row.failed_checks.length === 1 ? row.failed_checks[0] : `${row.failed_checks.length} checks`} failed</Link></>}</>;
  const { status, run_id } = row.under_way;
  return <span title={stateText(row)}>{run_id ? <RunLink id={run_id} step={asset} partition={row.key}>{status} #{run_id}</RunLink> : <>{status} <span className="dim">backfill</span></>}</span>;
}

const columnsOf = (asset: string): Column<PartitionRow>[] => [
  { id: "key", header: "Partition", width: "minmax(120px, 2fr)", cell: (row) => <span className="row num"><StateIcon state={row.under_way?.status ?? stateOf[row.status]} title={stateText(row)} /><Link to="/assets/$key" params={{ key: keyToPath(asset) }} search={(old) => ({ ...old, from: row.key, to: undefined })} replace className="link strong clip" title={row.key}>{row.key}</Link></span> },
  { id: "status", header: "State", width: "minmax(110px, 1.5fr)", wide: true, cell: (row) => <StateWord row={row} asset={asset} /> },
  { id: "window", header: "Window", width: "minmax(220px, 2fr)", wide: true, cell: (row) => row.window && <span className="dim"><At at={row.window.start} /> – <At at={row.window.end} /></span> },
  { id: "run", header: "Made in", width: "84px", cell: (row) => row.run_id ? <RunLink id={row.run_id} step={asset} partition={row.key} /> : row.status === "failed" ? <Link to="/runs" search={{ asset, status: "failed" }} className="link">failed runs</Link> : row.status === "materialized" && <span className="dim" title="Somebody reported it: its history says who and why">reported</span> },
  { id: "at", header: "Made", width: "90px", align: "right", cell: (row) => <span className="dim"><Ago at={row.at} /></span> },
];

/** One line a partition, the newest first. */
export function PartitionList({ name, counts }: { name: string; counts: PartitionCounts }) {
  const search = route.useSearch();
  const navigate = useNavigate();
  const rows = useInfiniteQuery(partitionsQuery(name, search.status));
  const columns = useMemo(() => columnsOf(name), [name]);
  const items = useMemo(() => rows.data?.pages.flatMap((page) => page.items) ?? [], [rows.data]);
  const chips = [["All", undefined, counts.total], ["Failed", "failed", counts.failed], ["Missing", "missing", counts.missing], ["Materialized", "materialized", counts.materialized], ["Check failed", "check_failed", counts.check_failed]] as const;
  return (
    <section className="section" style={{ marginTop: 20 }}>
      <div className="row wrap" style={{ gap: 2, marginBottom: 8, marginLeft: -10 }} role="group" aria-label="Which partitions are listed">
        {chips.map(([label, status, n]) => (
          <button key={label} type="button" className="chip" data-on={search.status === status || undefined} aria-pressed={search.status === status} onClick={() => void navigate({ to: "/assets/$key", params: { key: keyToPath(name) }, search: { ...search, status }, replace: true, resetScroll: false })}>{label} <span className="dim num">{n.toLocaleString("en")}</span></button>
        ))}
      </div>
      {rows.error ? <Problem error={rows.error} retry={() => void rows.refetch()} /> : !rows.data ? <Waiting /> : (
        <SmallTable label="Partitions" columns={columns} rows={items} rowId={(row) => row.key} empty={search.status === "check_failed" ? "No check failed last in any." : search.status ? `None is ${search.status}.` : "There is no partition yet."} />
      )}
      {rows.hasNextPage && <Button variant="default" size="compact-sm" style={{ marginTop: 8 }} loading={rows.isFetchingNextPage} onClick={() => void rows.fetchNextPage()}>Show older partitions</Button>}
    </section>
  );
}

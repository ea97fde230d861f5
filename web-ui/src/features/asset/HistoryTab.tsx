import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { assetAttemptsQuery, assetEventsQuery, materializationsQuery } from "@/api/queries";
import type { Asset, Metadata } from "@/api/types";
import { historyRows, reportsOf, type HistoryRow } from "@/system/report/reported";
import { DataTable, type Column } from "@/ui/DataTable";
import { RunLink } from "@/ui/links";
import { rawValue } from "@/ui/Metadata";
import { StateLabel } from "@/ui/StateIcon";
import { reasonText } from "@/ui/stateMeta";
import { At, Duration } from "@/ui/Time";

/** "rows 812, loss 0.02": the short values of a materialization on one line. */
function brief(metadata: Metadata | undefined): string {
  return Object.entries(metadata ?? {}).map(([name, value]) => [name, rawValue(value)] as const)
    .filter(([, value]) => typeof value === "number" || (typeof value === "string" && value.length < 32))
    .map(([name, value]) => `${name} ${typeof value === "number" ? value.toLocaleString("en") : value}`).join(" · ");
}

const columns: Column<HistoryRow>[] = [
  { id: "status", header: "Outcome", width: "minmax(96px, 130px)", cell: (row) => <StateLabel state={row.status} /> },
  { id: "run", header: "Run", width: "48px", cell: (row) => row.run_id && <RunLink id={row.run_id} /> },
  { id: "partition", header: "Partition", width: "minmax(90px, 150px)", wide: true, cell: (row) => row.partition && <span title={row.partition}>{row.partition}</span> },
  { id: "attempt", header: "Attempt", width: "64px", align: "right", wide: true, cell: (row) => row.attempt },
  { id: "at", header: "Started", width: "minmax(104px, 140px)", cell: (row) => <At at={row.run_id ? row.started_at : row.ended_at} /> },
  { id: "duration", header: "Duration", width: "64px", align: "right", cell: (row) => row.run_id && <Duration from={row.started_at} to={row.ended_at} ms={row.duration_ms} /> },
  { id: "what", header: "Why or what", width: "minmax(160px, 1fr)", wide: true, cell: (row) => <What row={row} /> },
];

function What({ row }: { row: HistoryRow }) {
  const text = row.reason ? reasonText(row.reason) : [row.said, brief(row.metadata)].filter(Boolean).join(" · ");
  return <span className="dim" title={row.said ?? undefined}>{text}</span>;
}

export function HistoryTab({ asset: { key, external } }: { asset: Pick<Asset, "key" | "external"> }) {
  const attempts = useQuery(assetAttemptsQuery(key));
  const made = useQuery(materializationsQuery(key));
  const told = useQuery({ ...assetEventsQuery(key, "materialization"), enabled: made.data?.items.some((item) => item.run_id === null) ?? false });
  const navigate = useNavigate();
  const rows = useMemo(
    () => historyRows(attempts.data?.items ?? [], made.data?.items ?? [], reportsOf(told.data?.items ?? []), !!attempts.data?.next_cursor),
    [attempts.data, made.data, told.data],
  );
  const open = ({ run_id, partition }: HistoryRow) => {
    if (run_id) void navigate({ to: "/runs/$id", params: { id: run_id }, search: { step: key, partition: partition ?? undefined } });
  };
  return (
    <DataTable
      label="Attempts" columns={columns} rows={rows} rowId={(row) => row.id} onOpen={open}
      empty={attempts.data && made.data && <div className="empty"><h2>{external ? "Nothing reported yet" : "No attempts yet"}</h2><p>{external ? "Report new data of this asset, and it is listed here with who told of it and why." : "Materialize this asset, and every attempt is listed here with its outcome and what it reported."}</p></div>}
    />
  );
}

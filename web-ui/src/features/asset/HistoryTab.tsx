import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { assetAttemptsQuery, materializationsQuery } from "@/api/queries";
import type { AssetAttempt, Metadata } from "@/api/types";
import { DataTable, type Column } from "@/ui/DataTable";
import { RunLink } from "@/ui/links";
import { rawValue } from "@/ui/Metadata";
import { StateLabel } from "@/ui/StateIcon";
import { reasonText } from "@/ui/stateMeta";
import { At, Duration } from "@/ui/Time";

interface Row extends AssetAttempt { metadata: Metadata | undefined }

/** "rows 812, loss 0.02": the short values of a materialization on one line. */
function brief(metadata: Metadata | undefined): string {
  return Object.entries(metadata ?? {}).map(([name, value]) => [name, rawValue(value)] as const)
    .filter(([, value]) => typeof value === "number" || (typeof value === "string" && value.length < 32))
    .map(([name, value]) => `${name} ${typeof value === "number" ? value.toLocaleString("en") : value}`).join(" · ");
}

const columns: Column<Row>[] = [
  { id: "status", header: "Outcome", width: "minmax(96px, 130px)", cell: (row) => <StateLabel state={row.status} /> },
  { id: "run", header: "Run", width: "48px", cell: (row) => <RunLink id={row.run_id} /> },
  { id: "partition", header: "Partition", width: "minmax(90px, 150px)", wide: true, cell: (row) => row.partition && <span title={row.partition}>{row.partition}</span> },
  { id: "attempt", header: "Attempt", width: "64px", align: "right", wide: true, cell: (row) => row.attempt },
  { id: "at", header: "Started", width: "minmax(104px, 140px)", cell: (row) => <At at={row.started_at} /> },
  { id: "duration", header: "Duration", width: "64px", align: "right", cell: (row) => <Duration from={row.started_at} to={row.ended_at} ms={row.duration_ms} /> },
  { id: "what", header: "Why or what", width: "minmax(160px, 1fr)", wide: true, cell: (row) => <span className="dim">{row.reason ? reasonText(row.reason) : brief(row.metadata)}</span> },
];

export function HistoryTab({ name }: { name: string }) {
  const attempts = useQuery(assetAttemptsQuery(name));
  const made = useQuery(materializationsQuery(name));
  const navigate = useNavigate();
  const rows = useMemo(() => {
    const metadata = new Map(made.data?.items.map((item) => [`${item.run_id}/${item.partition ?? ""}`, item.metadata]));
    return (attempts.data?.items ?? []).map((attempt) => ({ ...attempt, metadata: metadata.get(`${attempt.run_id}/${attempt.partition ?? ""}`) }));
  }, [attempts.data, made.data]);
  return (
    <DataTable
      label="Attempts" columns={columns} rows={rows} rowId={(row) => `${row.run_id}/${row.partition ?? ""}/${row.attempt}`}
      onOpen={(row) => void navigate({ to: "/runs/$id", params: { id: row.run_id }, search: { step: name, partition: row.partition ?? undefined } })}
      empty={attempts.data && <div className="empty"><h2>No attempts yet</h2><p>Materialize this asset, and every attempt is listed here with its outcome and what it reported.</p></div>}
    />
  );
}

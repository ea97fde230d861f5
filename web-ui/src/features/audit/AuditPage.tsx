import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { auditQuery } from "@/api/queries";
import type { AuditItem } from "@/api/types";
import { DataTable, type Column } from "@/ui/DataTable";
import { Empty } from "@/ui/Empty";
import { Problem, Waiting } from "@/ui/Loaded";
import { PageHead } from "@/ui/Page";
import { RunLink } from "@/ui/links";
import { Ago, At } from "@/ui/Time";

function words(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "object") return String(value);
  return Object.entries(value).map(([name, part]) => `${name} ${typeof part === "object" ? JSON.stringify(part) : String(part)}`).join(", ");
}

/** A phone has no room for the whole time beside who did what. */
const Moment = ({ at }: { at: string }) => <><span className="wide-only"><At at={at} /></span><span className="phone-only"><Ago at={at} /></span></>;

function Subject({ item }: { item: AuditItem }) {
  const subject = item.subject as { run_id?: string; id?: string } | string | null;
  const run = typeof subject === "object" && subject ? subject.run_id : typeof subject === "string" ? /^runs?[/ #](\d+)$/.exec(subject)?.[1] : undefined;
  return run ? <RunLink id={run}>{`run #${run}`}</RunLink> : <span>{words(subject)}</span>;
}

const columns: Column<AuditItem>[] = [
  { id: "at", header: "When", width: "minmax(70px, 136px)", cell: (item) => <Moment at={item.at} /> },
  { id: "actor", header: "Who", width: "minmax(76px, 140px)", cell: (item) => <span title={item.actor}>{item.actor}</span> },
  { id: "action", header: "Did", width: "minmax(94px, 180px)", cell: (item) => <span className="strong">{item.action.replaceAll(/[._]/g, " ")}</span> },
  { id: "subject", header: "To what", width: "minmax(70px, 1fr)", cell: (item) => <Subject item={item} /> },
  { id: "detail", header: "Details", width: "minmax(120px, 2fr)", wide: true, cell: (item) => <span className="dim" title={words(item.detail)}>{words(item.detail)}</span> },
  { id: "remote", header: "From", width: "130px", wide: true, cell: (item) => <span className="dim num">{item.remote}</span> },
];

export function AuditPage() {
  const audit = useInfiniteQuery(auditQuery);
  const rows = useMemo(() => audit.data?.pages.flatMap((page) => page.items) ?? [], [audit.data]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = audit;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  return (
    <div className="page">
      <PageHead title="Audit" name="Audit"><div className="dim">Everything anyone changed, newest first, written in the same transaction as the change.</div></PageHead>
      {audit.error ? <Problem error={audit.error} retry={() => void audit.refetch()} /> : !audit.data ? <Waiting /> : (
        <DataTable label="Audit" columns={columns} rows={rows} rowId={(item) => item.id} onEnd={more} empty={<Empty title="Nothing has been changed yet">Runs started, schedules paused, definitions applied: who did it and from where is listed here.</Empty>} />
      )}
    </div>
  );
}

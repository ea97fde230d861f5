import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { backfillsQuery } from "@/api/queries";
import type { Backfill } from "@/api/types";
import { BackfillBar } from "@/ui/BackfillBar";
import { DataTable, type Column } from "@/ui/DataTable";
import { Empty } from "@/ui/Empty";
import { BackfillLink } from "@/ui/links";
import { Problem, Waiting } from "@/ui/Loaded";
import { PageHead } from "@/ui/Page";
import { StateIcon } from "@/ui/StateIcon";
import { stateMeta } from "@/ui/stateMeta";
import { Ago, Duration } from "@/ui/Time";
import { selectText } from "@/ui/triggerText";

const ended = ({ counts }: Backfill) => counts.succeeded + counts.failed + counts.skipped + counts.canceled;

const columns: Column<Backfill>[] = [
  { id: "id", header: "Backfill", width: "minmax(60px, 76px)", cell: (one) => <span className="row"><StateIcon state={one.status} /><BackfillLink id={one.id} /></span> },
  { id: "status", header: "State", width: "90px", wide: "desk", cell: (one) => stateMeta(one.status).label },
  { id: "what", header: "What", width: "minmax(90px, 2fr)", cell: (one) => <span className={one.select.trim() === "*" ? "" : "mono"} title={one.select}>{selectText(one.select)}</span> },
  { id: "which", header: "Partitions", width: "minmax(120px, 2fr)", wide: true, cell: (one) => <span className="dim" title={one.partitions ?? undefined}>{one.partitions}</span> },
  { id: "bar", header: "Progress", width: "minmax(60px, 150px)", cell: (one) => <BackfillBar counts={one.counts} total={one.partitions_total} width="100%" /> },
  { id: "n", header: "Done", width: "104px", align: "right", wide: true, cell: (one) => <span className="dim">{ended(one).toLocaleString("en")} / {one.partitions_total.toLocaleString("en")}</span> },
  { id: "end", header: "Ends or took", width: "92px", align: "right", cell: (one) => one.ended_at ? <Duration from={one.created_at} to={one.ended_at} /> : one.estimated_end ? <Ago at={one.estimated_end} /> : <span className="dim">–</span> },
  { id: "who", header: "By", width: "minmax(80px, 1fr)", wide: "desk", cell: (one) => <span className="dim">{one.actor}</span> },
  { id: "at", header: "Created", width: "82px", align: "right", wide: true, cell: (one) => <span className="dim"><Ago at={one.created_at} /></span> },
];

export function BackfillsPage() {
  const backfills = useInfiniteQuery(backfillsQuery);
  const navigate = useNavigate();
  const rows = useMemo(() => backfills.data?.pages.flatMap((page) => page.items) ?? [], [backfills.data]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = backfills;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  return (
    <div className="page">
      <PageHead title="Backfills" name="Backfills"><div className="dim">Many partitions made run by run. When one ends is told from its pace so far.</div></PageHead>
      {backfills.error ? <Problem error={backfills.error} retry={() => void backfills.refetch()} /> : !backfills.data ? <Waiting /> : (
        <DataTable
          label="Backfills" columns={columns} rows={rows} rowId={(one) => one.id} onEnd={more} onOpen={(one) => void navigate({ to: "/backfills/$id", params: { id: one.id }, search: {} })}
          empty={<Empty title="No backfills yet" code={"assetctl backfill 'ASSET' --from 2026-01-01 --to 2026-03-01\n"}>A backfill makes many partitions of assets, a few runs at a time; it can be paused, canceled and retried. Start one from the tab Partitions of an asset, or in a terminal:</Empty>}
        />
      )}
    </div>
  );
}

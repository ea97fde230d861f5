import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { projectQuery, runsQuery } from "@/api/queries";
import type { Run } from "@/api/types";
import { CountsBar } from "@/ui/Counts";
import { DataTable, type Column } from "@/ui/DataTable";
import { Empty, NoAssets } from "@/ui/Empty";
import { KeyName } from "@/ui/KeyName";
import { BackfillLink, RunLink } from "@/ui/links";
import { Problem, Waiting } from "@/ui/Loaded";
import { MaterializeButton } from "@/ui/Materialize";
import { PageHead } from "@/ui/Page";
import { StateIcon } from "@/ui/StateIcon";
import { reasonText, stateMeta } from "@/ui/stateMeta";
import { Ago, Duration } from "@/ui/Time";
import { triggerText, whatClass, whatText } from "@/ui/triggerText";

const route = getRouteApi("/runs");

const columns: Column<Run>[] = [
  { id: "id", header: "Run", width: "minmax(64px, 88px)", cell: (run) => <span className="row"><StateIcon state={run.status} /><RunLink id={run.id} /></span> },
  { id: "status", header: "State", width: "84px", wide: "desk", cell: (run) => stateMeta(run.status).label },
  { id: "what", header: "What", width: "minmax(72px, 3fr)", cell: (run) => <span className={run.job ? "strong" : whatClass(run)} title={run.select}>{whatText(run)}</span> },
  { id: "which", header: "Partitions", width: "minmax(90px, 2fr)", wide: true, cell: (run) => <Which run={run} /> },
  { id: "cause", header: "Cause", width: "minmax(150px, 4fr)", wide: true, cell: (run) => <CauseText run={run} /> },
  { id: "trigger", header: "Started by", width: "minmax(84px, 1fr)", wide: "desk", cell: (run) => <span className="dim">{run.backfill ? <BackfillLink id={run.backfill}>{triggerText(run)}</BackfillLink> : triggerText(run)}</span> },
  { id: "steps", header: "Steps", width: "90px", wide: true, cell: (run) => <CountsBar counts={run.counts} total={run.steps_total} width={90} /> },
  { id: "n", header: <span className="visually-hidden">Steps in all</span>, width: "44px", align: "right", wide: "desk", cell: (run) => <span className="dim">{run.steps_total}</span> },
  { id: "duration", header: "Duration", width: "66px", align: "right", cell: (run) => <Duration from={run.started_at} to={run.ended_at} ms={run.duration_ms} /> },
  { id: "at", header: "Created", width: "82px", align: "right", cell: (run) => <span className="dim"><Ago at={run.created_at} /></span> },
];

function Which({ run }: { run: Run }) {
  return run.partitions && <span className="dim num" title={run.partitions}>{run.partitions}</span>;
}

function CauseText({ run }: { run: Run }) {
  const cause = run.causes[0];
  if (!cause) return run.status === "canceled" ? <span className="dim">{run.detail}</span> : null;
  const more = run.causes.length - 1;
  return <span className="row tight"><span className="strong clip" style={{ flex: "none", maxWidth: "66%" }}><KeyName name={cause.partition ? `${cause.key} [${cause.partition}]` : cause.key} /></span><span className="dim clip">{reasonText(cause.reason)}{more > 0 && `, and ${more} more`}</span></span>;
}

const filters = [["All", undefined], ["Running", "running"], ["Queued", "queued"], ["Failed", "failed"], ["Succeeded", "succeeded"], ["Canceled", "canceled"]] as const;

export function RunsPage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const runs = useInfiniteQuery(runsQuery(search));
  const rows = useMemo(() => runs.data?.pages.flatMap((page) => page.items) ?? [], [runs.data]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = runs;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const { data: project } = useQuery(projectQuery);
  if (project?.counts.assets === 0 && rows.length === 0) return <div className="page scroll"><NoAssets /></div>;
  return (
    <div className="page">
      <PageHead title="Runs" name="Runs" />
      <div className="toolbar" style={{ gap: 2 }}>
        {filters.map(([label, status]) => (
          <Link key={label} to="/runs" search={{ ...search, status }} replace className="chip" data-on={search.status === status || undefined}>{label}</Link>
        ))}
        {search.asset && <Link to="/runs" search={{ ...search, asset: undefined }} className="chip" data-on="">with {search.asset} ×</Link>}
        {search.backfill && <Link to="/runs" search={{ ...search, backfill: undefined }} className="chip" data-on="">backfill {search.backfill} ×</Link>}
        {search.job && <Link to="/runs" search={{ ...search, job: undefined }} className="chip" data-on="">job {search.job} ×</Link>}
      </div>
      {runs.error ? <Problem error={runs.error} retry={() => void runs.refetch()} /> : !runs.data ? <Waiting /> : (
        <DataTable
          label="Runs" columns={columns} rows={rows} rowId={(run) => run.id} onEnd={more}
          onOpen={(run) => void navigate({ to: "/runs/$id", params: { id: run.id }, search: {} })}
          empty={search.status || search.asset || search.job || search.backfill ? <Empty title="No such run">No run fits this filter.</Empty>
            : <Empty title="No runs yet" action={<MaterializeButton select="*" />}>A run makes assets, in the order their dependencies ask for. Start the first one here, from an asset, or by a schedule.</Empty>}
        />
      )}
    </div>
  );
}

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { backfillQuery, runsQuery } from "@/api/queries";
import type { Backfill, BackfillDetail, BackfillGroup, Run } from "@/api/types";
import { formOfKeys } from "@/system/partitions/form";
import { countLetters } from "@/system/partitions/range";
import { BackfillBar, BackfillCountsList } from "@/ui/BackfillBar";
import { CountsBar } from "@/ui/Counts";
import { SmallTable, type Column } from "@/ui/DataTable";
import { HeatLegend, HeatMap } from "@/ui/heat/HeatMap";
import { backfillLetters } from "@/ui/heat/letters";
import { AssetLink, keyToPath, RunLink } from "@/ui/links";
import { Loaded } from "@/ui/Loaded";
import { PageHead } from "@/ui/Page";
import { StateIcon } from "@/ui/StateIcon";
import { reasonText, stateMeta } from "@/ui/stateMeta";
import { Ago, Duration } from "@/ui/Time";
import { selectText } from "@/ui/triggerText";
import { BackfillActions } from "./BackfillActions";
import "./backfills.css";

const route = getRouteApi("/backfills/$id");

export function BackfillPage() {
  const { id } = route.useParams();
  const backfill = useQuery(backfillQuery(id));
  return <Loaded query={backfill}>{(data) => <Body key={data.id} backfill={data} />}</Loaded>;
}

function Body({ backfill }: { backfill: BackfillDetail }) {
  return (
    <div className="page scroll">
      <PageHead name={`Backfill ${backfill.id}`} title={<span className="row" style={{ gap: 10 }}><StateIcon state={backfill.status} size={19} /><span>Backfill <span className="num">{backfill.id}</span></span></span>} actions={<BackfillActions backfill={backfill} />}>
        <Facts backfill={backfill} />
      </PageHead>
      <div className="page-body">
        <Why backfill={backfill} />
        <div className="backfill-progress"><BackfillBar counts={backfill.counts} total={backfill.partitions_total} width="100%" /></div>
        <section className="section">
          <h2>Partitions <span className="count">{backfill.partitions_total.toLocaleString("en")}</span></h2>
          <HeatLegend meanings={backfillLetters} />
          <div className="backfill-groups">{backfill.groups.slice(0, 100).map((group, i) => <Group key={i} group={group} />)}</div>
        </section>
        <Runs backfill={backfill} />
      </div>
    </div>
  );
}

function Facts({ backfill }: { backfill: Backfill }) {
  return (
    <div className="backfill-facts">
      <span className="strong">{stateMeta(backfill.status).label}</span>
      <span className={backfill.select.trim() === "*" ? "" : "mono"} style={{ overflowWrap: "anywhere" }}>{selectText(backfill.select)}</span>
      {backfill.partitions && <span>{backfill.partitions}</span>}
      <span className="dim">by {backfill.actor}, <Ago at={backfill.created_at} /></span>
      <span className="dim">{backfill.ended_at ? <>took <Duration from={backfill.created_at} to={backfill.ended_at} /></> : backfill.estimated_end && <>ends <Ago at={backfill.estimated_end} /> at this pace</>}</span>
      <BackfillCountsList counts={backfill.counts} />
      <span className="dim">{backfill.order} first, {backfill.max_runs.toLocaleString("en")} {backfill.max_runs === 1 ? "run" : "runs"} at once</span>
    </div>
  );
}

/** Who paused, canceled or retried it, and why; or why it ended by itself. */
function Why({ backfill }: { backfill: Backfill }) {
  const { status, by, reason, detail } = backfill;
  if (status === "succeeded" || (status === "running" && !by)) return null;
  const acted = status === "paused" ? "Paused" : status === "canceled" ? "Canceled" : status === "running" ? "Going on" : null;
  return (
    <div className={status === "failed" ? "notice bad" : "notice"} role="status" style={{ marginBottom: 16 }}>
      <StateIcon state={status} size={16} />
      <div style={{ overflowWrap: "anywhere", minWidth: 0 }}>
        {acted ? <><span className="strong">{acted}{by && ` by ${by}`}</span>{reason && reason !== "canceled" && <>: {reason}</>}</>
          : <><span className="strong">{lost(backfill)}</span> {detail || (reason && reason !== "partitions_failed" ? reasonText(reason) : <Causes backfill={backfill} />)}</>}
      </div>
    </div>
  );
}

const causesShown = 3;

/** What made its runs fail, the same said once. */
function Causes({ backfill }: { backfill: Backfill }) {
  const runs = useInfiniteQuery(toSee(backfill.id));
  const failed = (runs.data?.pages[0]?.items ?? []).filter((run) => run.causes.length > 0);
  const alike = [...Map.groupBy(failed, ({ causes: [cause] }) => `${cause!.key}\n${cause!.detail ?? reasonText(cause!.reason)}`)].sort((a, b) => b[1].length - a[1].length);
  if (runs.isPending) return <div>{"\u00a0"}</div>;
  return (
    <>
      {alike.slice(0, causesShown).map(([said, those]) => {
        const [key, why] = said.split("\n") as [string, string];
        return <div key={said} className="prose"><AssetLink name={key} /> {why} <span className="dim">in {those.length === 1 ? "run" : "runs"} {those.slice(0, 5).map((run, i) => <span key={run.id}>{i > 0 && ", "}<RunLink id={run.id} step={key} partition={run.causes[0]!.partition} /></span>)}{those.length > 5 && ` and ${those.length - 5} more`}</span></div>;
      })}
      {alike.length > causesShown && <div className="dim">and {alike.length - causesShown} other causes</div>}
    </>
  );
}

function lost({ counts }: Backfill): string {
  const parts = [counts.failed > 0 && `${counts.failed.toLocaleString("en")} failed`, counts.skipped > 0 && `${counts.skipped.toLocaleString("en")} skipped because of them`].filter(Boolean);
  return parts.length > 0 ? `${parts.join(", ")}.` : "It failed.";
}

/** Assets whose partitions are made together: a map of them, and those that failed by name. */
function Group({ group }: { group: BackfillGroup }) {
  const navigate = useNavigate();
  const asset = group.assets[0]!;
  const form = useMemo(() => formOfKeys(group.keys), [group.keys]);
  const failed = group.keys.filter((key, i) => group.status[i] === "f" && key);
  const counts = countLetters(group.status);
  const one = group.partitions === 1 && group.keys[0] === "";
  return (
    <section className="backfill-group" aria-label={group.assets.join(", ")}>
      <div className="row wrap" style={{ gap: "2px 12px", marginBottom: 6 }}>
        <span className="row wrap" style={{ gap: "0 8px" }}>{group.assets.slice(0, 12).map((key) => <span key={key} className="strong"><AssetLink name={key} tab="partitions" /></span>)}{group.assets.length > 12 && <span className="dim">and {group.assets.length - 12} more</span>}</span>
        <span className="dim num">{one ? "not divided" : `${group.partitions.toLocaleString("en")} ${group.partitions === 1 ? "partition" : "partitions"}, ${group.per_run === 0 ? "all" : group.per_run.toLocaleString("en")} a run`}</span>
        {group.partitions > group.keys.length && <span className="dim">the first {group.keys.length.toLocaleString("en")} are shown</span>}
      </div>
      {one ? <span className="row tight">{backfillLetters.filter(({ letter }) => counts[letter]).map(({ state, word }) => <span key={state} className="state"><StateIcon state={state} size={14} title={word} />{word}</span>)}</span> : (
        <HeatMap
          label={`Partitions of ${group.assets.join(", ")}`} form={form} keys={group.keys} letters={group.status} meanings={backfillLetters}
          onOpen={(index) => group.keys[index] && void navigate({ to: "/assets/$key", params: { key: keyToPath(asset) }, search: { tab: "partitions", from: group.keys[index], to: group.keys[index] } })}
        />
      )}
      {failed.length > 0 && (
        <div className="row wrap small" style={{ gap: "2px 10px", marginTop: 6 }}>
          <span className="bad">Failed:</span>
          {failed.slice(0, 20).map((key) => <Link key={key} to="/assets/$key" params={{ key: keyToPath(asset) }} search={{ tab: "partitions", from: key, to: key }} className="link num" style={{ textDecoration: "underline" }}>{key}</Link>)}
          {failed.length > 20 && <Link to="/assets/$key" params={{ key: keyToPath(asset) }} search={{ tab: "partitions", status: "failed" }} className="link">and {(failed.length - 20).toLocaleString("en")} more</Link>}
        </div>
      )}
    </section>
  );
}

const columns: Column<Run>[] = [
  { id: "id", header: "Run", width: "minmax(64px, 84px)", cell: (run) => <span className="row"><StateIcon state={run.status} /><RunLink id={run.id} /></span> },
  { id: "which", header: "Partitions", width: "minmax(100px, 2fr)", cell: (run) => <span title={run.partitions ?? undefined}>{run.partitions ?? "–"}</span> },
  { id: "cause", header: "Cause", width: "minmax(110px, 3fr)", below: true, cell: (run) => run.causes[0] && <span><span className="strong">{run.causes[0].key}</span> <span className="dim">{run.causes[0].detail ?? reasonText(run.causes[0].reason)}</span></span> },
  { id: "steps", header: "Steps", width: "110px", wide: true, cell: (run) => <CountsBar counts={run.counts} total={run.steps_total} width={100} /> },
  { id: "duration", header: "Duration", width: "66px", align: "right", wide: true, cell: (run) => <Duration from={run.started_at} to={run.ended_at} ms={run.duration_ms} /> },
];

/** Runs that somebody may want to see: under way, or failed. */
const toSee = (backfill: string) => runsQuery({ backfill, status: "running,queued,canceling,failed" }, 50);

/** Its runs under way and those that failed; the others are a click away. */
function Runs({ backfill }: { backfill: Backfill }) {
  const navigate = useNavigate();
  const runs = useInfiniteQuery(toSee(backfill.id));
  const rows = runs.data?.pages[0]?.items ?? [];
  const active = (run: Run) => (run.ended_at === null ? 0 : 1);
  return (
    <section className="section">
      <h2>Runs under way and failed <span className="count">{runs.data && rows.length}{runs.hasNextPage && "+"}</span> <span style={{ fontWeight: 450 }}><Link to="/runs" search={{ backfill: backfill.id }} className="link" style={{ textDecoration: "underline" }}>All {backfill.runs_made.toLocaleString("en")}</Link></span></h2>
      <SmallTable
        label="Runs of this backfill" columns={columns} rows={[...rows].sort((a, b) => active(a) - active(b))} rowId={(run) => run.id} empty={runs.data ? "None of its runs is under way, and none failed." : "Asking for its runs…"}
        onOpen={(run) => void navigate({ to: "/runs/$id", params: { id: run.id }, search: {} })}
      />
    </section>
  );
}

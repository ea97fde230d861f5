import { TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { ApiError } from "@/api/client";
import { assetsQuery, selectQuery } from "@/api/queries";
import type { Asset } from "@/api/types";
import { waivedText } from "@/system/checks/waivers";
import { quoted } from "@/system/selection/complete";
import { AsOf } from "@/ui/AsOf";
import { DataTable, type Column } from "@/ui/DataTable";
import { NoAssets } from "@/ui/Empty";
import { AssetLink, keyToPath, RunLink } from "@/ui/links";
import { Problem, Waiting } from "@/ui/Loaded";
import { MaterializeButton, useMaterialize } from "@/ui/Materialize";
import { PageHead } from "@/ui/Page";
import { SelectionInput } from "@/ui/SelectionInput";
import { StateIcon } from "@/ui/StateIcon";
import { stateMeta } from "@/ui/stateMeta";
import { Ago } from "@/ui/Time";

const route = getRouteApi("/assets");

const columns: Column<Asset>[] = [
  { id: "key", header: "Asset", width: "minmax(180px, 6fr)", cell: (asset) => (
    <span className="row"><StateIcon state={asset.external && asset.status === "never" ? "external" : asset.status} stale={asset.stale.is && asset.status !== "never"} /><span className="strong clip"><AssetLink name={asset.key} /></span></span>
  ) },
  { id: "status", header: "State", width: "minmax(112px, 150px)", wide: true, cell: (asset) => <Status asset={asset} /> },
  { id: "group", header: "Group", width: "minmax(70px, 1fr)", wide: true, cell: (asset) => <span className="dim">{asset.group}</span> },
  { id: "kinds", header: "Kind", width: "minmax(134px, 1.5fr)", wide: true, cell: (asset) => <span className="row tight">{asset.kinds.map((kind) => <span key={kind} className="tag">{kind}</span>)}</span> },
  { id: "checks", header: "Checks", width: "80px", wide: true, cell: (asset) => <Checks asset={asset} /> },
  { id: "partitions", header: "Partitions", width: "96px", wide: true, cell: (asset) => <PartitionsOf asset={asset} /> },
  { id: "at", header: "Materialized", width: "96px", align: "right", cell: (asset) => <span className="dim"><Ago at={asset.last_materialization?.at} /></span> },
  { id: "run", header: "Run", width: "60px", align: "right", wide: "desk", cell: (asset) => <LastRun asset={asset} /> },
  { id: "description", header: "Description", width: "minmax(110px, 2fr)", wide: "desk", cell: (asset) => <span className="dim">{asset.description}</span> },
];

/** Data that no run made was reported; by whom and why, its page says. */
function LastRun({ asset: { last_attempt, last_materialization } }: { asset: Asset }) {
  if (last_attempt?.run_id) return <RunLink id={last_attempt.run_id} />;
  return last_materialization?.run_id === null && <span className="dim" title={last_attempt?.detail ?? undefined}>reported</span>;
}

function Status({ asset }: { asset: Asset }) {
  const state = asset.external && asset.status === "never" ? "external" : asset.status;
  if (asset.freshness.status === "violated") return <span className="bad">Overdue</span>;
  if (asset.freshness.status === "warn") return <span style={{ color: "var(--stale-text)" }}>Soon overdue</span>;
  const waived = asset.waivers.length > 0 ? "waived" : asset.waived_upstream.length > 0 ? "waived above" : undefined;
  return <span>{stateMeta(state).label}{waived && <span style={{ color: "var(--stale-text)" }} title={[...asset.waivers, ...asset.waived_upstream].map((one) => `${waivedText(one)}: ${one.reason}`).join("\n")}>, {waived}</span>}{asset.stale.is && asset.status !== "never" && <span style={{ color: "var(--stale-text)" }}>, stale</span>}</span>;
}

/** How many are made and how many failed; how many there are in all its page says, since that changes with time. */
function PartitionsOf({ asset: { key, partitions } }: { asset: Asset }) {
  if (!partitions) return null;
  return (
    <Link to="/assets/$key" params={{ key: keyToPath(key) }} search={{ tab: "partitions" }} className="link row num" style={{ gap: 8 }}>
      {partitions.failed > 0 && <span className="row" style={{ gap: 4 }}><StateIcon state="failed" size={12} title="failed" />{partitions.failed.toLocaleString("en")}</span>}
      <span className="row" style={{ gap: 4 }}><StateIcon state={partitions.materialized > 0 ? "materialized" : "never"} size={12} title="materialized" />{partitions.materialized.toLocaleString("en")}</span>
    </Link>
  );
}

function Checks({ asset }: { asset: Asset }) {
  const { passed, warned, failed } = asset.checks;
  const parts = [["failed", failed], ["warned", warned], ["passed", passed]] as const;
  return <span className="row num" style={{ gap: 8 }}>{parts.map(([state, n]) => n > 0 && <span key={state} className="row" style={{ gap: 4 }}><StateIcon state={state} size={12} />{n}</span>)}</span>;
}

const chips = [["All", ""], ["Failed", "status:failed"], ["Skipped", "status:skipped"], ["Stale", "stale:true"], ["Never", "status:never"]] as const;

export function CatalogPage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const set = (change: { select?: string; q?: string; at?: string }) => void navigate({ to: "/assets", search: { ...search, ...change }, replace: true });
  const select = search.select ?? "";
  const assets = useInfiniteQuery(assetsQuery({ select: search.select, q: search.q, at: search.at }));
  const total = useQuery({ ...selectQuery(select || "*"), enabled: !search.at });
  const rows = useMemo(() => assets.data?.pages.flatMap((page) => page.items) ?? [], [assets.data]);
  const problem = assets.error instanceof ApiError && assets.error.status === 422 ? assets.error.detail : undefined;
  const count = search.q || search.at ? (assets.hasNextPage ? undefined : rows.length) : total.data?.total;
  return (
    <div className="page">
      <PageHead title="Catalog" name="Catalog" actions={(!assets.data || rows.length > 0) && !search.q && !search.at && <>{assets.data && <MaterializeButton key={select} select={select || "*"} variant="default" walks={!!select} />}</>} />
      <div className="toolbar">
        <SelectionInput label="Filter by selection" value={select} onSubmit={(value) => set({ select: value })} error={problem} width={360} />
        <QuickSearch key={search.q ?? ""} value={search.q ?? ""} onChange={(q) => set({ q })} />
        <AsOf at={search.at} set={(at) => set({ at })} />
        <span className="row wide-only" style={{ gap: 2 }}>
          {chips.map(([label, value]) => (
            <button key={label} type="button" className="chip" data-on={select === value || undefined} aria-pressed={select === value} onClick={() => set({ select: value })}>{label}</button>
          ))}
        </span>
        <span className="spacer" />
        <span className="dim num">{count === undefined ? "" : `${count.toLocaleString("en")} ${count === 1 ? "asset" : "assets"}`}</span>
      </div>
      {assets.error && !problem ? <Problem error={assets.error} retry={() => void assets.refetch()} /> : !assets.data ? <Waiting /> : <Rows rows={rows} assets={assets} filtered={!!(select || search.q)} />}
    </div>
  );
}

function Rows({ rows, assets, filtered }: { rows: Asset[]; assets: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown }; filtered: boolean }) {
  const navigate = useNavigate();
  const materialize = useMaterialize();
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = assets;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  return (
    <DataTable
      label="Assets" columns={columns} rows={rows} rowId={(asset) => asset.key} onEnd={more}
      onOpen={(asset) => void navigate({ to: "/assets/$key", params: { key: keyToPath(asset.key) }, search: {} })}
      onKey={(key, asset) => key === "m" && !asset.external && materialize.mutate({ select: quoted(asset.key) })}
      empty={filtered ? <div className="empty"><h2>Nothing matches</h2><p>No asset fits this filter. Clear it, or widen it with <span className="mono">*</span> or <span className="mono">+</span>.</p></div> : <NoAssets />}
    />
  );
}

/** A plain word, searched in keys and descriptions as it is typed. */
function QuickSearch({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [text, setText] = useState(value);
  const apply = () => text !== value && onChange(text.trim());
  return (
    <TextInput
      aria-label="Search names and descriptions" placeholder="Search words" value={text} w={180} leftSection={<IconSearch size={14} />} spellCheck={false}
      onChange={(event) => setText(event.currentTarget.value)} onBlur={apply}
      onKeyDown={(event) => {
        if (event.key === "Enter") apply();
        if (event.key === "Escape") onChange("");
      }}
    />
  );
}

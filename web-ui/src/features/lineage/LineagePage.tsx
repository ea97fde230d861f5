import { useQuery, keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { ApiError } from "@/api/client";
import { assetsQuery, lineageQuery, lineageStatusQuery } from "@/api/queries";
import type { Lineage } from "@/api/types";
import { readCamera, writeCamera, type Camera } from "@/system/lineage/camera";
import { asSelection, quoted } from "@/system/selection/complete";
import { formatAgo } from "@/system/time/format";
import { AsOf } from "@/ui/AsOf";
import { useNow } from "@/ui/clock";
import { NoAssets } from "@/ui/Empty";
import { keyToPath } from "@/ui/links";
import { LineageCanvas, type LineageHandle } from "@/ui/lineage/LineageCanvas";
import { Problem, Waiting } from "@/ui/Loaded";
import { MaterializeButton, useMaterialize } from "@/ui/Materialize";
import { SelectionInput } from "@/ui/SelectionInput";
import { AssetPanel } from "./AssetPanel";
import { Legend } from "./Legend";
import { Minimap } from "./Minimap";
import { ZoomBar } from "./ZoomBar";
import "./lineage.css";

const route = getRouteApi("/lineage");
// Cards say when their data was made; for larger graphs nobody is near enough to read it.
const noteLimit = 1_000;

export function LineagePage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const handle = useRef<LineageHandle>(null);
  const select = asSelection(search.select ?? "");
  const past = search.at;
  const lineage = useQuery(lineageQuery(select, past));
  const status = useQuery({ ...lineageStatusQuery(lineage.isPlaceholderData && past ? undefined : lineage.data?.version, lineage.isPlaceholderData ? "" : select, past), placeholderData: keepPreviousData });
  const notes = useNotes(select, lineage.data, past);
  const set = useCallback((change: Partial<typeof search>) => void navigate({ to: "/lineage", search: (old) => ({ ...old, ...change }), replace: !("asset" in change) }), [navigate]);
  const choose = useCallback((asset: string | undefined) => set({ asset }), [set]);
  const remember = useRemembered(set);
  const problem = lineage.error instanceof ApiError && lineage.error.status === 422 ? lineage.error.detail : undefined;
  const count = lineage.data?.nodes.length;
  const shown = useMatching(lineage.data, status.data);
  useLineageKeys(lineage.data, search.asset, choose);
  if (count === 0 && !search.select) return <div className="page scroll"><NoAssets /></div>;
  return (
    <div className="lineage" data-panel={search.asset && !past ? "" : undefined}>
      <h1 className="visually-hidden">Lineage</h1>
      <div className="lineage-canvas">
        {lineage.data ? (
          <LineageCanvas
            handle={handle} lineage={lineage.data} status={shown} selected={search.asset} camera={readCamera(search.view)} notes={notes}
            onSelect={choose} onOpen={(key) => handle.current?.show(neighbourhood(lineage.data, key))} onMoved={remember}
          />
        ) : lineage.error && !problem ? <Problem error={lineage.error} retry={() => void lineage.refetch()} /> : <Waiting />}
        <div className="lineage-left">
          <SelectionInput label="Filter the lineage" value={search.select ?? ""} onSubmit={(value) => set({ select: value, view: undefined })} error={problem} width="min(380px, calc(100vw - 32px))" note={count === undefined ? undefined : count.toLocaleString("en")} />
          {!past && <MaterializeButton key={select} select={select || "*"} variant="default" />}
          <AsOf at={past} set={(at) => set({ at })} />
        </div>
        <ZoomBar handle={handle} />
        <Legend />
        {lineage.data && lineage.data.nodes.length > 30 && <Minimap handle={handle} lineage={lineage.data} status={shown} />}
        {count === 0 && <div className="lineage-none"><h2>Nothing matches</h2><p className="dim">No asset fits this filter.</p></div>}
      </div>
      {search.asset && !past && <AssetPanel key={search.asset} name={search.asset} close={() => choose(undefined)} choose={choose} />}
    </div>
  );
}

/** A status vector belongs to one layout; while the next layout loads the old one must not colour it. */
function useMatching<T extends { version: string; status: string }>(lineage: Lineage | undefined, status: T | undefined): T | undefined {
  return lineage && status && status.version === lineage.version && status.status.length === lineage.nodes.length ? status : undefined;
}

function neighbourhood(lineage: Lineage, key: string): string[] {
  const index = lineage.nodes.findIndex((node) => node.key === key);
  const near = lineage.edges.filter(([from, to]) => from === index || to === index).flat();
  return [index, ...near].map((i) => lineage.nodes[i]!.key);
}

function useNotes(select: string, lineage: Lineage | undefined, past: string | undefined) {
  const small = lineage !== undefined && lineage.nodes.length <= noteLimit;
  const { data } = useInfiniteQuery({ ...assetsQuery({ select: select || undefined, at: past }, noteLimit), enabled: small });
  const present = Math.floor(useNow() / 15_000) * 15_000;
  const now = past ? Date.parse(past) : present;
  return useMemo(() => {
    const times = new Map(data?.pages.flatMap((page) => page.items).map((asset) => [asset.key, asset.last_materialization?.at]));
    return (key: string) => {
      const at = times.get(key);
      return at ? formatAgo(Date.parse(at), Math.max(now, Date.parse(at))).replace(" ago", "") : "";
    };
  }, [data, now]);
}

/** Writes the camera into the address when it has come to rest. */
function useRemembered(set: (change: { view: string }) => void) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback((camera: Camera) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => set({ view: writeCamera(camera) }), 400);
  }, [set]);
}

function useLineageKeys(lineage: Lineage | undefined, asset: string | undefined, choose: (key: string | undefined) => void) {
  const navigate = useNavigate();
  const materialize = useMaterialize();
  const { mutate } = materialize;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (!lineage || event.ctrlKey || event.metaKey || target.closest("input, textarea, [role=dialog], [role=menu]")) return;
      const at = asset === undefined ? -1 : lineage.nodes.findIndex((node) => node.key === asset);
      const step = event.key === "j" ? 1 : event.key === "k" ? -1 : 0;
      if (step !== 0) choose(lineage.nodes[(at + step + lineage.nodes.length) % lineage.nodes.length]?.key);
      else if (event.key === "Escape") choose(undefined);
      else if (event.key === "Enter" && asset && target === document.body) void navigate({ to: "/assets/$key", params: { key: keyToPath(asset) }, search: {} });
      else if (event.key === "m" && asset) mutate({ select: quoted(asset) });
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [lineage, asset, choose, navigate, mutate]);
}


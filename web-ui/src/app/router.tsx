import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { lineageQuery } from "@/api/queries";
import { asSelection } from "@/system/selection/complete";
import { Problem } from "@/ui/Loaded";
import { Frame } from "./Frame";
import { NotFound } from "./NotFound";

// Values in the address are plain text: no JSON, so that people can read and write them.
type Search = Record<string, unknown>;
const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
const pick = <K extends string>(...names: K[]) => (search: Search) =>
  Object.fromEntries(names.map((name) => [name, text(search[name])])) as Partial<Record<K, string>>;

const parseSearch = (search: string): Search => Object.fromEntries(new URLSearchParams(search));
function stringifySearch(search: Search): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) if (value !== undefined && value !== "") out.set(name, String(value));
  const query = out.toString().replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%2F", "/");
  return query ? `?${query}` : "";
}

const root = createRootRouteWithContext<{ client: QueryClient }>()({ component: Frame, notFoundComponent: NotFound });
const at = <P extends string>(path: P) => ({ getParentRoute: () => root, path }) as const;

// A call in its place would leave the types of the loader below open.
const lineageSearch = pick("select", "asset", "view", "at");

const routes = [
  createRoute({ ...at("/"), component: lazyRouteComponent(() => import("@/features/overview/OverviewPage"), "OverviewPage") }),
  createRoute({
    ...at("/lineage"), validateSearch: lineageSearch,
    // The graph is on its way while the page's script still is.
    loaderDeps: ({ search }) => ({ select: asSelection(search.select ?? ""), at: search.at }),
    loader: ({ context, deps }) => void context.client.prefetchQuery(lineageQuery(deps.select, deps.at)), component: lazyRouteComponent(() => import("@/features/lineage/LineagePage"), "LineagePage"),
  }),
  createRoute({
    ...at("/assets"), validateSearch: pick("select", "q", "sort", "at"), component: lazyRouteComponent(() => import("@/features/catalog/CatalogPage"), "CatalogPage"),
  }),
  createRoute({
    ...at("/assets/$key"), validateSearch: pick("tab", "check", "status", "from", "to"), component: lazyRouteComponent(() => import("@/features/asset/AssetPage"), "AssetPage"),
  }),
  createRoute({
    ...at("/runs"), validateSearch: pick("status", "asset", "job", "backfill"), component: lazyRouteComponent(() => import("@/features/runs/RunsPage"), "RunsPage"),
  }),
  createRoute({
    ...at("/runs/$id"), validateSearch: pick("step", "partition", "check", "attempt", "stream", "line", "find", "level", "view"),
    component: lazyRouteComponent(() => import("@/features/run/RunPage"), "RunPage"),
  }),
  createRoute({ ...at("/backfills"), component: lazyRouteComponent(() => import("@/features/backfills/BackfillsPage"), "BackfillsPage") }),
  createRoute({
    ...at("/backfills/$id"), validateSearch: pick("group"), component: lazyRouteComponent(() => import("@/features/backfills/BackfillPage"), "BackfillPage"),
  }),
  createRoute({
    ...at("/automation"), validateSearch: pick("tab", "schedule", "sensor"), component: lazyRouteComponent(() => import("@/features/automation/AutomationPage"), "AutomationPage"),
  }),
  createRoute({ ...at("/queue"), component: lazyRouteComponent(() => import("@/features/queue/QueuePage"), "QueuePage") }),
  createRoute({
    ...at("/forecast"), validateSearch: pick("horizon", "select", "pools", "speed"), component: lazyRouteComponent(() => import("@/features/forecast/ForecastPage"), "ForecastPage"),
  }),
  createRoute({
    ...at("/definitions"), validateSearch: pick("version", "against"), component: lazyRouteComponent(() => import("@/features/definitions/DefinitionsPage"), "DefinitionsPage"),
  }),
  createRoute({ ...at("/alerts"), component: lazyRouteComponent(() => import("@/features/alerts/AlertsPage"), "AlertsPage") }),
  createRoute({ ...at("/audit"), component: lazyRouteComponent(() => import("@/features/audit/AuditPage"), "AuditPage") }),
  createRoute({ ...at("/health"), component: lazyRouteComponent(() => import("@/features/health/HealthPage"), "HealthPage") }),
  createRoute({ ...at("/settings"), component: lazyRouteComponent(() => import("@/features/settings/SettingsPage"), "SettingsPage") }),
] as const;

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree: root.addChildren(routes), context: { client }, parseSearch, stringifySearch, pathParamsAllowedCharacters: [":"],
    defaultPreload: "intent", defaultPreloadStaleTime: 0, defaultErrorComponent: ({ error, reset }) => <Problem error={error} retry={reset} />,
  });
}

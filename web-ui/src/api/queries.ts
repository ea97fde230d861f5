import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { quoted } from "@/system/selection/complete";
import { attributeValues } from "@/system/selection/vocabulary";
import { ApiError, apiUrl, get, keyInPath, post, query, send } from "./client";
import type { BackfillRequest, RetryRequest } from "./actions";
import { keys } from "./keys";
import { askAgain } from "./seen";
import type {
  Alert, AlertRule, Asset, AssetAttempt, AssetDetail, AuditItem, AutomationDetail, AutomationList, Backfill, BackfillDetail, BackfillPlan, CheckResult, Definitions, DefinitionsDiff, DefinitionsVersion, Evaluation,
  EventItem, Forecast, Impact, Lineage, LineageStatus, Materialization, OpenLineage, Overview, Page, PartitionChoice, PartitionMap, PartitionRow, PartitionSet, PartitionWhy, Pool, Project, Queue, Readiness, Run, RunChanges, RunPlan, Schedule, Selected,
  Sensor, SensorTick, Silence, Step, Tick, Triggers,
} from "./types";

const pageOf = (cursor: string | null) => (cursor === null ? undefined : cursor);

export const projectQuery = queryOptions({
  queryKey: keys.project, queryFn: ({ signal }) => get<Project>("/project", signal), refetchInterval: 60_000,
});
export const overviewQuery = queryOptions({
  queryKey: keys.overview, queryFn: ({ signal }) => get<Overview>("/overview?days=14", signal), refetchInterval: 60_000,
});

export const assetsQuery = (filter: { select?: string; q?: string; at?: string }, limit = 500) =>
  infiniteQueryOptions({
    queryKey: [...keys.assets, filter, limit],
    queryFn: ({ signal, pageParam }) => get<Page<Asset>>(`/assets${query({ ...filter, limit, cursor: pageParam })}`, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => pageOf(last.next_cursor),
    placeholderData: keepPreviousData,
    retry: false,
  });

export const assetQuery = (key: string) =>
  queryOptions({ queryKey: [...keys.asset(key), "item"], queryFn: ({ signal }) => get<AssetDetail>(`/assets/${keyInPath(key)}`, signal) });

const assetPart = <T>(part: string, limit: number) => (key: string) =>
  queryOptions({
    queryKey: [...keys.asset(key), part, limit],
    queryFn: ({ signal }) => get<Page<T>>(`/assets/${keyInPath(key)}/${part}?limit=${limit}`, signal),
  });
export const materializationsQuery = assetPart<Materialization>("materializations", 200);
export const checkResultsQuery = assetPart<CheckResult>("checks", 500);
export const assetAttemptsQuery = assetPart<AssetAttempt>("attempts", 50);
/** The newest of one type alone: among all of an asset's events its runs crowd out what is rare. */
export const assetEventsQuery = (key: string, type: "asset_changed" | "materialization") =>
  queryOptions({
    queryKey: [...keys.asset(key), "events", type],
    queryFn: ({ signal }) => get<Page<EventItem>>(`/events${query({ asset: key, types: type, limit: 200 })}`, signal),
  });

/** The last `limit` partitions as letters, with the counts of all. */
export const partitionMapQuery = (key: string, limit = 10_000) =>
  queryOptions({
    queryKey: [...keys.partitions(key), "map", limit],
    queryFn: ({ signal }) => get<PartitionMap>(`/assets/${keyInPath(key)}/partitions/map?limit=${limit}`, signal),
  });
export const partitionWhyQuery = (key: string, partition: string) =>
  queryOptions({
    queryKey: [...keys.partitions(key), "why", partition],
    queryFn: ({ signal }) => get<PartitionWhy>(`/assets/${keyInPath(key)}/partitions/why${query({ partition })}`, signal),
  });
export const partitionsQuery = (key: string, status: string | undefined) =>
  infiniteQueryOptions({
    queryKey: [...keys.partitions(key), "list", status],
    queryFn: ({ signal, pageParam }) => get<Page<PartitionRow>>(`/assets/${keyInPath(key)}/partitions${query({ status, limit: 100, cursor: pageParam })}`, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => pageOf(last.next_cursor),
    placeholderData: keepPreviousData,
  });
export const failedPartitionsShown = 5;
/** The newest few, with what each failed of. */
export const failedPartitionsQuery = (key: string) =>
  queryOptions({
    queryKey: [...keys.partitions(key), "failed"],
    queryFn: ({ signal }) => get<Page<PartitionRow>>(`/assets/${keyInPath(key)}/partitions${query({ status: "failed", limit: failedPartitionsShown })}`, signal),
    placeholderData: keepPreviousData,
  });
export const partitionSetQuery = (name: string) =>
  queryOptions({ queryKey: [...keys.partitionSets, name], queryFn: ({ signal }) => get<PartitionSet>(`/partitions/${encodeURIComponent(name)}`, signal) });

export const backfillsQuery = infiniteQueryOptions({
  queryKey: [...keys.backfills, "list"],
  queryFn: ({ signal, pageParam }) => get<Page<Backfill>>(`/backfills${query({ limit: 100, cursor: pageParam })}`, signal),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => pageOf(last.next_cursor),
});
export const backfillQuery = (id: string) =>
  queryOptions({ queryKey: [...keys.backfills, "one", id], queryFn: ({ signal }) => get<BackfillDetail>(`/backfills/${encodeURIComponent(id)}`, signal) });
/** What a backfill would make, without making it. */
export const backfillPlanQuery = (request: BackfillRequest) =>
  queryOptions({
    queryKey: [...keys.plan, "backfill", request.select, request.partitions],
    queryFn: () => post<BackfillPlan>("/backfills", { ...request, dry_run: true }),
    retry: false,
  });

/** `at`: as it was at a past moment. */
export const lineageQuery = (select: string, at?: string) =>
  queryOptions({
    queryKey: at ? [...keys.lineage, select, at] : [...keys.lineage, select],
    queryFn: ({ signal }) => get<Lineage>(`/lineage${query({ select, at })}`, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    retry: false,
  });
/** What tags, owners, imports and files the assets have: read once, all pages, when somebody asks for one of them. */
export const attributesQuery = queryOptions({
  queryKey: [...keys.lineage, "attributes"],
  queryFn: async ({ signal }) => {
    const all: Asset[] = [];
    for (let cursor: string | null = null; ;) {
      const page: Page<Asset> = await get<Page<Asset>>(`/assets${query({ limit: 1000, cursor })}`, signal);
      all.push(...page.items);
      cursor = page.next_cursor;
      if (cursor === null) return attributeValues(all);
    }
  },
  staleTime: Infinity,
});
export const lineageStatusQuery = (version: string | undefined, select: string, at?: string) =>
  queryOptions({
    queryKey: at ? [...keys.lineageStatus, version, select, at] : [...keys.lineageStatus, version, select],
    queryFn: ({ signal }) => get<LineageStatus>(`/lineage/status${query({ version, select, at })}`, signal),
    enabled: version !== undefined,
    retry: false,
    refetchInterval: ({ state }) => (at ? false : askAgain(state.data?.as_of)),
  });

export interface RunFilter { status?: string; asset?: string; job?: string; backfill?: string; since?: string }
export const runsQuery = (filter: RunFilter, limit = 100) =>
  infiniteQueryOptions({
    queryKey: [...keys.runs, filter, limit],
    queryFn: ({ signal, pageParam }) => get<Page<Run>>(`/runs${query({ ...filter, limit, cursor: pageParam })}`, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => pageOf(last.next_cursor),
    placeholderData: keepPreviousData,
    retry: false,
  });
export const runQuery = (id: string) =>
  queryOptions({ queryKey: keys.run(id), queryFn: ({ signal }) => get<Run>(`/runs/${id}`, signal) });

/** What is different from the last time that step succeeded. */
export const changesQuery = (run: string, step: string, partition: string | null) =>
  queryOptions({ queryKey: [...keys.run(run), "changes", step, partition], queryFn: ({ signal }) => get<RunChanges>(`/runs/${run}/changes${query({ step, partition: partition ?? undefined })}`, signal), staleTime: Infinity, retry: false });
/** Whom it concerns when it is not made. */
export const impactQuery = (key: string) =>
  queryOptions({ queryKey: [...keys.asset(key), "impact"], queryFn: ({ signal }) => get<Impact>(`/assets/${keyInPath(key)}/impact`, signal), refetchInterval: 60_000, retry: false });

/** All steps of a run: pages of 1,000 until the last, because the Gantt needs every row. */
export const stepsQuery = (id: string) =>
  queryOptions({
    queryKey: keys.steps(id),
    queryFn: async ({ signal }) => {
      const all: Step[] = [];
      let cursor: string | null = null;
      do {
        const page: Page<Step> = await get<Page<Step>>(`/runs/${id}/steps${query({ limit: 1000, cursor })}`, signal);
        all.push(...page.items);
        cursor = page.next_cursor;
      } while (cursor !== null);
      return all;
    },
    // As of the queue: no event tells for how long a slot has been held.
    refetchInterval: ({ state }) => (state.data && state.data.length <= 1000 && state.data.some((step) => step.blocked_by.length > 0) ? 15_000 : false),
  });

export const schedulesQuery = queryOptions({
  queryKey: keys.schedules, queryFn: ({ signal }) => get<Page<Schedule>>("/schedules?limit=1000", signal),
});
export const ticksQuery = (name: string) =>
  queryOptions({
    queryKey: keys.ticks(name), queryFn: ({ signal }) => get<Page<Tick>>(`/schedules/${encodeURIComponent(name)}/ticks?limit=50`, signal),
  });
// Often nothing is found, and nothing is told of that: the times of the last and next look are asked for.
export const sensorsQuery = queryOptions({
  queryKey: [...keys.sensors, "list"], queryFn: ({ signal }) => get<Page<Sensor>>("/sensors?limit=1000", signal), refetchInterval: 10_000,
});
export const sensorTicksQuery = (name: string) =>
  queryOptions({
    queryKey: [...keys.sensors, "ticks", name], queryFn: ({ signal }) => get<Page<SensorTick>>(`/sensors/${encodeURIComponent(name)}/ticks?limit=50`, signal), refetchInterval: 30_000,
  });
/** What can start it, and what will next. The times of a sensor's looks are not told by events. */
export const triggersQuery = (key: string) =>
  queryOptions({ queryKey: [...keys.triggers, key], queryFn: ({ signal }) => get<Triggers>(`/assets/${keyInPath(key)}/triggers`, signal), refetchInterval: 30_000, retry: false });
// One prefix for all three: a condition looks at the assets above as well, so what changed anywhere may change any answer.
export const automationQuery = infiniteQueryOptions({
  queryKey: [...keys.automation, "list"],
  queryFn: ({ signal, pageParam }) => get<AutomationList>(`/automation${query({ limit: 200, cursor: pageParam })}`, signal),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => pageOf(last.next_cursor),
  refetchInterval: 60_000,
});
export const assetAutomationQuery = (key: string) =>
  queryOptions({
    queryKey: [...keys.automation, "asset", key],
    queryFn: ({ signal }) => get<AutomationDetail>(`/assets/${keyInPath(key)}/automation`, signal),
    refetchInterval: 60_000,
  });
export const evaluationsQuery = (key: string) =>
  infiniteQueryOptions({
    queryKey: [...keys.automation, "evaluations", key],
    queryFn: ({ signal, pageParam }) => get<Page<Evaluation>>(`/assets/${keyInPath(key)}/evaluations${query({ limit: 20, cursor: pageParam })}`, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => pageOf(last.next_cursor),
  });

export const poolsQuery = queryOptions({ queryKey: keys.pools, queryFn: ({ signal }) => get<Page<Pool>>("/pools?limit=1000", signal) });
/** The reasons say how long a slot has been held, which no event tells. */
export const queueQuery = queryOptions({
  queryKey: keys.queue, queryFn: ({ signal }) => get<Queue>("/queue?limit=1000", signal), refetchInterval: ({ state }) => (state.data && state.data.items.length + state.data.runs.length > 0 ? 15_000 : false),
});
export const definitionsQuery = queryOptions({
  queryKey: keys.definitions, queryFn: ({ signal }) => get<Definitions>("/definitions", signal),
  refetchInterval: ({ state }) => (state.data?.state === "checking" ? 2_000 : false),  // that files were read and are the same is no event
});
export const definitionVersionsQuery = infiniteQueryOptions({
  queryKey: keys.definitionVersions,
  queryFn: ({ signal, pageParam }) => get<Page<DefinitionsVersion>>(`/definitions/versions${query({ limit: 50, cursor: pageParam })}`, signal),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => pageOf(last.next_cursor),
});
/** Neither of two versions changes any more. */
export const definitionsDiffQuery = (from: string, to: string) =>
  queryOptions({
    queryKey: [...keys.definitionsDiff, from, to],
    queryFn: ({ signal }) => get<DefinitionsDiff>(`/definitions/diff${query({ from, to })}`, signal),
    staleTime: Infinity,
    retry: false,
  });
export const alertsQuery = infiniteQueryOptions({
  queryKey: keys.alerts,
  queryFn: ({ signal, pageParam }) => get<Page<Alert>>(`/alerts${query({ limit: 200, cursor: pageParam })}`, signal),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => pageOf(last.next_cursor),
});
export const alertRulesQuery = queryOptions({ queryKey: keys.alertRules, queryFn: ({ signal }) => get<Page<AlertRule>>("/alerts/rules?limit=1000", signal) });
export const silencesQuery = queryOptions({
  queryKey: keys.silences, queryFn: ({ signal }) => get<Page<Silence>>("/alerts/silences?limit=1000", signal), refetchInterval: 60_000,  // one ends by itself
});
export const auditQuery = infiniteQueryOptions({
  queryKey: keys.audit,
  queryFn: ({ signal, pageParam }) => get<Page<AuditItem>>(`/audit${query({ limit: 200, cursor: pageParam })}`, signal),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => pageOf(last.next_cursor),
});
export const selectQuery = (select: string) =>
  queryOptions({
    queryKey: [...keys.select, select],
    queryFn: ({ signal }) => get<Selected>(`/select${query({ select })}`, signal),
    placeholderData: keepPreviousData,
    retry: false,
  });

/** What a materialization of `select` would run, without running it. */
export const planQuery = (select: string, steps: string = "all", partitions?: PartitionChoice) =>
  queryOptions({
    queryKey: [...keys.plan, select, steps, partitions ?? null],
    queryFn: () => post<RunPlan>("/runs", { select, steps, ...(partitions !== undefined && { partitions }), dry_run: true }),
    retry: false,
  });

/** What a retry would run, without running it. */
export const retryPlanQuery = (run: string, request: RetryRequest) =>
  queryOptions({
    queryKey: [...keys.plan, "retry", run, request],
    queryFn: () => post<RunPlan>(`/runs/${run}/retry`, { ...request, dry_run: true }),
    retry: false,
  });
/** The last results of one check: what its numbers usually are. */
export const checkHistoryQuery = (key: string, check: string, limit = 50) =>
  queryOptions({
    queryKey: [...keys.asset(key), "check", check, limit],
    queryFn: ({ signal }) => get<Page<CheckResult>>(`/assets/${keyInPath(key)}/checks${query({ check, limit })}`, signal),
  });
export const openLineageQuery = queryOptions({
  queryKey: [...keys.alerts, "openlineage"], queryFn: ({ signal }) => get<OpenLineage>("/openlineage", signal), refetchInterval: 15_000,
});

/** `/readyz` answers 503 with a body when it is not ready: both are answers here. */
export const readinessQuery = queryOptions({
  queryKey: keys.readiness,
  queryFn: async (): Promise<Readiness> => {
    const response = await fetch("/readyz");
    return (await response.json()) as Readiness;
  },
  refetchInterval: 15_000,
});

/** Of which step (and partition, where its asset is divided) or which of its checks, and which attempt; what is left out the daemon chooses. */
export interface LogOf { step?: string | undefined; partition?: string | undefined; check?: string | undefined; attempt?: number | undefined; stream: string }
export interface LogChunk { bytes: Uint8Array<ArrayBuffer>; next: string; complete: boolean; attempt: number | null }

/** One piece of a log, from `offset` on (null: from its start). */
export async function fetchLog(
  run: string, where: LogOf, offset: string | null, signal: AbortSignal,
): Promise<LogChunk> {
  const path = apiUrl(`/runs/${run}/logs${query({ ...where, offset, limit: 4 << 20 })}`);
  const response = await send(path, { signal });
  const attempt = response.headers.get("x-attempt");
  return {
    bytes: new Uint8Array(await response.arrayBuffer()),
    next: response.headers.get("x-next-offset") ?? offset ?? "0",
    complete: response.headers.get("x-log-complete") === "true",
    attempt: attempt === null ? null : Number(attempt),
  };
}

/** The last `lines` lines of a step's log. */
export async function fetchLogTail(run: string, where: Omit<LogOf, "stream">, lines: number, signal: AbortSignal) {
  return (await send(apiUrl(`/runs/${run}/logs${query({ ...where, stream: "all", tail: lines })}`), { signal })).text();
}

/** All there is of a log now, piece by piece. */
export async function fetchWholeLog(run: string, where: LogOf): Promise<Blob> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const stop = new AbortController();
  for (let offset: string | null = null; ;) {
    const chunk: LogChunk = await fetchLog(run, where, offset, stop.signal);
    if (chunk.bytes.length === 0 || chunk.next === offset) return new Blob(pieces, { type: "text/plain" });
    pieces.push(chunk.bytes);
    offset = chunk.next;
  }
}

export interface ForecastQuestion { horizon: string; select: string; pools: [string, string][]; speed: [string, string][] }
export const forecastQuery = ({ horizon, select, pools, speed }: ForecastQuestion) =>
  queryOptions({
    queryKey: [...keys.forecast, horizon, select, pools, speed],
    queryFn: ({ signal }) => {
      const supposed = [...pools.map(([name, value]) => [`pool.${name}`, value]), ...speed.map(([key, value]) => [`speed.${key}`, value])];
      return get<Forecast>(`/forecast${query({ horizon, select, limit: 20_000, runs: 2_000, ...Object.fromEntries(supposed) as Record<string, string> })}`, signal);
    },
    staleTime: 15_000, refetchInterval: 60_000,
    // The daemon makes two at once and refuses a third: it is one's turn in a moment.
    retry: (failures, error) => error instanceof ApiError && error.status === 503 && failures < 30, retryDelay: 2_000,
  });
/** For when an asset is made next. Nobody waits for it, and the daemon makes few at once: it is asked for seldom. */
export const nextStartQuery = (key: string) =>
  queryOptions({
    queryKey: [...keys.forecast, "next", key],
    queryFn: ({ signal }) => get<Forecast>(`/forecast${query({ select: quoted(key), horizon: "24h", limit: 200, runs: 200 })}`, signal),
    staleTime: 60_000, refetchInterval: 300_000, refetchOnWindowFocus: false, retry: (failures, error) => error instanceof ApiError && error.status === 503 && failures < 5, retryDelay: 3_000,
  });

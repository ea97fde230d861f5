import { useQuery } from "@tanstack/react-query";
import { assetEventsQuery } from "@/api/queries";
import type { Asset } from "@/api/types";
import { reportedByNobody, reportsOf } from "@/system/report/reported";

/** Who told of data that no run made, and why: in the place of a link to its run. The last attempt says it where there was one, else the event does. */
export function ReportedBy({ asset, at }: { asset: Pick<Asset, "key" | "last_attempt">; at: string }) {
  const { last_attempt: last } = asset;
  const said = last?.run_id === null && last.at === at ? last.detail : null;
  const events = useQuery({ ...assetEventsQuery(asset.key, "materialization"), enabled: said === null });
  const found = said ?? reportsOf(events.data?.items ?? []).get(Date.parse(at));
  return <span style={{ overflowWrap: "anywhere" }}>{found ?? (events.isFetching ? "reported" : reportedByNobody)}</span>;
}

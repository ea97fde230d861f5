import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { failedPartitionsQuery, failedPartitionsShown } from "@/api/queries";
import type { AssetDetail, PartitionRow } from "@/api/types";
import { AssetPartitionLink, keyToPath, RunLink } from "@/ui/links";
import { reasonText } from "@/ui/stateMeta";
import { Ago } from "@/ui/Time";

const why = (row: PartitionRow) => row.failure?.detail ?? reasonText(row.failure?.reason);

/** Of a divided asset which partitions failed, and why: the newest few. Its height is known before they are. */
export function FailedPartitions({ asset }: { asset: AssetDetail }) {
  const failed = asset.partitions?.failed ?? 0;
  const { data } = useQuery({ ...failedPartitionsQuery(asset.key), enabled: failed > 0 });
  if (failed === 0) return null;
  const rows = data?.items ?? [];
  const lines = Math.min(failed, failedPartitionsShown);
  return (
    <section className="section failed-partitions" aria-label="Failed partitions">
      <h2>Failed partitions <span className="count">{failed.toLocaleString("en")}</span></h2>
      <ul style={{ minHeight: lines * 44 - 8 }}>
        {rows.map((row) => (
          <li key={row.key}>
            <div className="row tight wrap"><AssetPartitionLink name={asset.key} partition={row.key} />{row.failure && <span className="dim">run <RunLink id={row.failure.run_id} step={asset.key} partition={row.key} />, <Ago at={row.failure.at} /></span>}</div>
            <div className="failed-why" title={why(row)}>{why(row)}</div>
          </li>
        ))}
      </ul>
      {failed > lines && <Link to="/assets/$key" params={{ key: keyToPath(asset.key) }} search={{ tab: "partitions", status: "failed" }} className="link" style={{ display: "inline-block", marginTop: 8 }}>and {(failed - lines).toLocaleString("en")} more</Link>}
    </section>
  );
}

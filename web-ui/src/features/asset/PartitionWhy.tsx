import { useQuery } from "@tanstack/react-query";
import { partitionWhyQuery } from "@/api/queries";
import { Chain } from "./StaleSection";

/** Of one partition: why it is not what code and data of now would give. Nothing where it is, or was never made. */
export function PartitionWhy({ name, partition }: { name: string; partition: string }) {
  const { data } = useQuery(partitionWhyQuery(name, partition));
  const reasons = data?.stale.because.filter((reason) => reason.reason !== "never_materialized") ?? [];
  if (reasons.length === 0) return null;
  return (
    <section className="section stale-why" aria-label={`Why ${partition} is stale`}>
      <h2>Stale because <span className="count">{reasons.length}</span></h2>
      <ul>{reasons.map((reason) => <li key={`${reason.reason} ${reason.key} ${reason.partition ?? ""}`}><Chain links={reason.chain ?? [{ ...reason, asset: reason.key }]} /></li>)}</ul>
    </section>
  );
}

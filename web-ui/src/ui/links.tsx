import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { KeyName } from "./KeyName";

/** A key as it stands in our own addresses: ':' for '/', as in the API. */
export const keyToPath = (key: string) => key.replaceAll("/", ":");
export const keyFromPath = (part: string) => part.replaceAll(":", "/");

export function AssetLink({ name, children, tab }: { name: string; children?: ReactNode; tab?: string }) {
  return (
    <Link to="/assets/$key" params={{ key: keyToPath(name) }} search={{ tab }} className="link clip" title={name}>{children ?? <KeyName name={name} />}</Link>
  );
}

/** " [2026-01-05]", to that partition on its asset's page. */
export function AssetPartitionLink({ name, partition }: { name: string; partition: string }) {
  return <> <Link to="/assets/$key" params={{ key: keyToPath(name) }} search={{ tab: "partitions", from: partition }} className="link num">[{partition}]</Link></>;
}

export function BackfillLink({ id, children }: { id: string; children?: ReactNode }) {
  return <Link to="/backfills/$id" params={{ id }} search={{}} className="link num clip">{children ?? id}</Link>;
}

/** To a run, or to a step of it; `partition` where the step's asset is divided. */
export function RunLink({ id, children, step, partition, check }: { id: string; children?: ReactNode; step?: string; partition?: string | null; check?: string }) {
  return <Link to="/runs/$id" params={{ id }} search={{ step, partition: partition ?? undefined, check }} className="link num clip">{children ?? `#${id}`}</Link>;
}

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

export function RunLink({ id, children, step }: { id: string; children?: ReactNode; step?: string }) {
  return <Link to="/runs/$id" params={{ id }} search={{ step }} className="link num clip">{children ?? `#${id}`}</Link>;
}

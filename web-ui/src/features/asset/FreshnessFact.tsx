import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { assetEventsQuery } from "@/api/queries";
import type { AssetDetail } from "@/api/types";
import { freshnessTurns, type FreshnessTurn } from "@/system/freshness/history";
import { formatDuration } from "@/system/time/format";
import { StateIcon } from "@/ui/StateIcon";
import { At } from "@/ui/Time";

function freshnessText(freshness: AssetDetail["freshness"]): string {
  const within = freshness.within_ms === null ? "" : `within ${formatDuration(freshness.within_ms)}`;
  const deadline = freshness.cron ? `at ${freshness.cron} (${freshness.timezone})` : "";
  return [within, deadline, freshness.of && `by ${freshness.of}`].filter(Boolean).join(", ");
}

/** What is demanded of its age, and when it was not kept. */
export function FreshnessFact({ asset }: { asset: AssetDetail }) {
  const { deadline, status } = asset.freshness;
  return (
    <>
      {freshnessText(asset.freshness)}
      {deadline && <span className="dim">; {status === "violated" ? "too old since" : "too old at"} <At at={deadline} /></span>}
      <Turns name={asset.key} />
    </>
  );
}

const shown = 5;

function Turns({ name }: { name: string }) {
  const [all, setAll] = useState(false);
  const events = useQuery(assetEventsQuery(name, "asset_changed"));
  const turns = freshnessTurns(events.data?.items ?? []);
  if (turns.length === 0) return null;
  return (
    <>
      <ul className="freshness" aria-label="Freshness, newest first">
        {(all ? turns : turns.slice(0, shown)).map((turn) => <li key={turn.id} className="row tight"><StateIcon state={turn.state} size={12} /><span><At at={new Date(turn.at).toISOString()} /> <span className="dim">{turnText(turn)}</span></span></li>)}
      </ul>
      {turns.length > shown && <button type="button" className="plain-link small" aria-expanded={all} onClick={() => setAll(!all)}>{all ? "fewer" : `and ${turns.length - shown} more`}</button>}
    </>
  );
}

function turnText({ state, after }: FreshnessTurn): string {
  if (state === "violated") return "too old";
  return `fresh again${after === null ? "" : ` after ${formatDuration(after)}`}${state === "warn" ? ", but not for long" : ""}`;
}

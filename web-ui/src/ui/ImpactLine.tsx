import { useQuery } from "@tanstack/react-query";
import { impactQuery } from "@/api/queries";
import type { Exposure, Impact } from "@/api/types";
import { AssetLink } from "./links";
import { Ago } from "./Time";

const shown = 4;

/** What it means to others when this asset is not made: how much is below, whose it is (but for owners that are said already), and which deadline is missed next. */
export function ImpactLine({ name, said = [] }: { name: string; said?: string[] }) {
  const impact = useQuery(impactQuery(name));
  if (!impact.data) return <div style={{ minHeight: 20 }} />;
  const { downstream, sinks } = impact.data;
  const owners = impact.data.owners.filter((owner) => !said.includes(owner));
  return (
    <div className="row wrap dim prose" style={{ gap: "2px 14px", minHeight: 20 }}>
      <span>{downstream.total === 0 ? "Nothing is made from it" : <>Below it: {downstream.total.toLocaleString("en")}{sinks.total > 0 && <>, up to {sinks.keys.slice(0, shown).map((key, i) => <span key={key}>{i > 0 && ", "}<AssetLink name={key} /></span>)}{sinks.total > shown && ` and ${sinks.total - shown} more`}</>}</>}</span>
      {owners.length > 0 && <span>Owners: {owners.slice(0, shown).join(", ")}{owners.length > shown && ` and ${owners.length - shown} more`}</span>}
      <Deadline impact={impact.data} />
      {impact.data.exposures.length > 0 && <Exposures items={impact.data.exposures} />}
    </div>
  );
}

function Deadline({ impact }: { impact: Impact }) {
  const missed = impact.deadlines.filter((deadline) => deadline.missed);
  return (
    <>
      {impact.next_deadline && <span style={{ color: "var(--stale-text)" }}>Next deadline: <AssetLink name={impact.next_deadline.key} />, <Ago at={impact.next_deadline.at} /></span>}
      {missed.length > 0 && <span className="bad">Missed already: {missed.slice(0, shown).map((deadline, i) => <span key={deadline.key}>{i > 0 && ", "}<AssetLink name={deadline.key} /></span>)}{missed.length > shown && ` and ${missed.length - shown} more`}</span>}
    </>
  );
}

/** Who outside sees it: dashboards and applications by name, with whom to tell. On a line of their own: these are people. */
function Exposures({ items }: { items: Exposure[] }) {
  return (
    <div style={{ flexBasis: "100%" }}>
      Seen in {items.slice(0, shown).map((one, i) => (
        <span key={one.name}>{i > 0 && "; "}<span title={one.description ?? undefined}>{one.url && /^https?:/.test(one.url) ? <a className="link" href={one.url} target="_blank" rel="noreferrer">{one.name}</a> : <span className="strong">{one.name}</span>}</span>{one.type && ` (${one.type})`}{one.owner && `, ${one.owner}`}</span>
      ))}{items.length > shown && `; and ${items.length - shown} more`}
    </div>
  );
}

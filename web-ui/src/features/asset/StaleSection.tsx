import type { AssetDetail, StaleLink } from "@/api/types";
import { localTimes } from "@/system/time/format";
import { AssetLink, AssetPartitionLink, RunLink } from "@/ui/links";

/** Why the data is not what code and data of now would give: each reason, and from there up to the cause. */
export function StaleSection({ asset }: { asset: AssetDetail }) {
  const reasons = asset.stale.because.filter((reason) => reason.reason !== "never_materialized");
  if (reasons.length === 0) return null;
  return (
    <section className="section stale-why" aria-label="Why it is stale">
      <h2>Stale because <span className="count">{reasons.length}</span></h2>
      <ul>
        {reasons.map((reason) => <li key={`${reason.reason} ${reason.key}`}><Chain links={reason.chain ?? [{ ...reason, asset: reason.key }]} /></li>)}
      </ul>
    </section>
  );
}

/** All but the last link only lead to the cause: their names are enough. */
export function Chain({ links }: { links: StaleLink[] }) {
  const cause = links.at(-1)!;
  const way = links.slice(0, -1);
  return (
    <div>
      {way.length > 0 && <div className="row wrap tight">{way.map((link, i) => <span key={`${link.asset} ${link.partition ?? ""}`} className="row tight">{i > 0 && <span className="faint" aria-hidden>←</span>}<AssetLink name={link.asset} />{link.partition && <AssetPartitionLink name={link.asset} partition={link.partition} />}</span>)}<span className="dim">{way.length === 1 ? "is stale" : "are stale"}</span></div>}
      <div className={way.length > 0 ? "stale-cause" : undefined}>{way.length > 0 && <span className="dim">because </span>}<Detail cause={cause} /></div>
    </div>
  );
}

/** The run that brought the data is named in the sentence: there it is a link. */
function Detail({ cause }: { cause: StaleLink }) {
  const text = localTimes(cause.detail), named = `run ${cause.run_id}`;
  const at = cause.reason === "newer_data" && cause.run_id ? text.indexOf(named) : -1;
  if (at < 0) return text;
  return <span className="prose">{text.slice(0, at)}<RunLink id={cause.run_id!} step={cause.asset}>{named}</RunLink>{text.slice(at + named.length)}</span>;
}

import { useQuery } from "@tanstack/react-query";
import { changesQuery } from "@/api/queries";
import type { VersionChange } from "@/api/types";
import { localTimes } from "@/system/time/format";
import { AssetLink, RunLink } from "@/ui/links";
import { Ago } from "@/ui/Time";

const words: Record<VersionChange["kind"], string> = { code: "Code", commit: "Commit", package: "Package", definitions: "Definitions", options: "Options", upstream: "Upstream", metadata: "Figures" };

/** What is different from the last time this step, of this partition, succeeded: where one looks first. */
export function Changes({ run, step, partition }: { run: string; step: string; partition: string | null }) {
  const changes = useQuery(changesQuery(run, step, partition));
  if (!changes.data?.since) return null;
  const { since, items } = changes.data;
  return (
    <div className="cause-changes prose">
      <span className="strong">{items.length === 0 ? "Nothing that is known of changed" : "Changed"} since it last succeeded</span>{" "}
      <span className="dim">in <RunLink id={since.run_id} step={step} partition={partition} />{since.at && <>, <Ago at={since.at} /></>}</span>
      {items.length > 0 && <dl className="facts">{items.slice(0, 12).map((item) => <Item key={`${item.kind} ${item.name ?? ""}`} item={item} />)}</dl>}
      {items.length > 12 && <div className="dim">and {items.length - 12} more</div>}
    </div>
  );
}

const short = (value: unknown) => (typeof value === "string" ? value.slice(0, 12) : JSON.stringify(value));

function Item({ item }: { item: VersionChange }) {
  const plain = item.kind === "code" || item.kind === "commit" || (item.kind === "definitions" && item.name === null);
  return (
    <div style={{ display: "contents" }}>
      <dt>{words[item.kind]}</dt>
      <dd>{item.kind === "package" ? <>{item.name} <span className="mono">{item.from === null ? "none" : String(item.from)} → {item.to === null ? "none" : String(item.to)}</span></> : plain ? <span className="mono">{short(item.from)} → {short(item.to)}</span> : item.kind === "upstream" && item.name ? <><AssetLink name={item.name} /> <Upstream item={item} /></> : localTimes(item.detail)}</dd>
    </div>
  );
}

/** What it counted says more than which run made it. */
function Upstream({ item }: { item: VersionChange }) {
  const data = (value: unknown) => (value as { run_id: string | null } | null)?.run_id ?? null;
  const to = data(item.to);
  return (
    <span className="dim">
      {item.to === null ? "is no longer read" : item.from === null ? "was not read then" : <>has other data{to && <>, of <RunLink id={to} step={item.name ?? ""} /></>}</>}
      {item.numbers.map((number) => <span key={number.name}>; {number.name} <span className="num">{number.from ?? "none"} → {number.to ?? "none"}</span></span>)}
    </span>
  );
}

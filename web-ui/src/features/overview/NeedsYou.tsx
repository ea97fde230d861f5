import { Button, Tooltip } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { retryRun } from "@/api/actions";
import type { NeedsYou } from "@/api/types";
import { localTimes } from "@/system/time/format";
import { AssetLink, RunLink, keyToPath } from "@/ui/links";
import { toastProblem, toastRun } from "@/ui/Materialize";
import { reasonText } from "@/ui/stateMeta";
import { StateIcon } from "@/ui/StateIcon";
import { Ago } from "@/ui/Time";

const shown = 8;
const shownOfRun = 5;

/** What is wrong, newest first, each with its cause and the one thing to do about it; what one run broke stands together. */
export function NeedsYouList({ items }: { items: NeedsYou[] }) {
  const parts = [...Map.groupBy(items, (item) => (item.kind === "asset_failed" && item.run_id ? item.run_id : item)).values()];
  return (
    <div className="panel">
      {parts.slice(0, shown).map((part) => part.length > 1 ? <OfRun key={`run${part[0]!.run_id}`} items={part} /> : <Item key={`${part[0]!.kind}${part[0]!.run_id}${part[0]!.key}${part[0]!.check}`} item={part[0]!} />)}
      {parts.length > shown && (
        <div className="line"><Link to="/runs" search={{ status: "failed" }} className="link dim">and {parts.length - shown} more</Link></div>
      )}
    </div>
  );
}

function Item({ item }: { item: NeedsYou }) {
  return (
    <div className="need">
      <StateIcon state={item.kind === "stuck" ? "waiting_retry" : item.kind === "freshness_violated" ? "violated" : "failed"} size={16} />
      <div className="grow">
        <div className="strong need-what"><Subject item={item} /></div>
        <div className="need-why">{item.detail ? localTimes(item.detail) : reasonText(item.reason)}</div>
        <div className="small dim">
          {item.at && <Ago at={item.at} />}
          {item.run_id && <> · run <RunLink id={item.run_id} /></>}
          {!!item.skipped && <> · {item.skipped.toLocaleString("en")} skipped because of it</>}
        </div>
      </div>
      <Act item={item} />
    </div>
  );
}

/** Several assets that failed in one run: one retry mends them all. */
function OfRun({ items }: { items: NeedsYou[] }) {
  const first = items[0]!;
  return (
    <div className="need">
      <StateIcon state="failed" size={16} />
      <div className="grow">
        <div className="strong">{items.length.toLocaleString("en")} assets failed in run <RunLink id={first.run_id!} /></div>
        <div className="small dim"><Ago at={first.at} /></div>
        {items.slice(0, shownOfRun).map((item) => (
          <div key={item.key} className="need-line"><span className="clip need-key"><AssetLink name={item.key!} /></span><span className="dim clip">{item.detail ?? reasonText(item.reason)}</span></div>
        ))}
        {items.length > shownOfRun && <div className="need-line"><Link to="/assets" search={{ select: "status:failed" }} className="link dim">and {(items.length - shownOfRun).toLocaleString("en")} more</Link></div>}
      </div>
      <Act item={first} />
    </div>
  );
}

function Subject({ item }: { item: NeedsYou }) {
  if (item.kind === "import") return <Link to="/definitions" className="link">The import {item.key} does not load</Link>;
  if (item.kind === "freshness_violated") return <><AssetLink name={item.key!} /> is too old</>;
  if (item.kind === "check_failed") return <><AssetLink name={item.key!} tab="checks" /> fails the check <span className="mono">{item.check}</span></>;
  if (item.key) return <AssetLink name={item.key} />;
  if (item.run_id) return <>Run <RunLink id={item.run_id} /> failed</>;
  if (item.kind === "definitions") return <Link to="/definitions" className="link">The definitions do not load</Link>;
  if (item.kind === "latched") return <Link to="/health" className="link">Nothing is being started</Link>;
  return <>{item.kind.replaceAll("_", " ")}</>;
}

function SeeAsset({ name, tab, children }: { name: string; tab?: string; children: string }) {
  return <Button variant="default" renderRoot={(props) => <Link to="/assets/$key" params={{ key: keyToPath(name) }} search={{ tab }} {...props} />}>{children}</Button>;
}

function Act({ item }: { item: NeedsYou }) {
  const retry = useMutation({ mutationFn: (id: string) => retryRun(id, { from: "failure" }), onSuccess: (plan) => toastRun(plan, "Retry"), onError: toastProblem("The retry was not started") });
  if (item.kind === "definitions" || item.kind === "import") return <Button component={Link} to="/definitions" variant="default">See errors</Button>;
  if (item.kind === "latched") return <Button component={Link} to="/health" variant="default">See health</Button>;
  if (item.kind === "partitions_failed") return <SeeAsset name={item.key!} tab="partitions">See partitions</SeeAsset>;
  if (item.kind === "check_failed") return <SeeAsset name={item.key!} tab="checks">See check</SeeAsset>;
  if (item.kind === "freshness_violated") return <SeeAsset name={item.key!}>See asset</SeeAsset>;
  const id = item.run_id;
  if (item.kind === "stuck") return <Button component={Link} to="/queue" variant="default">See why</Button>;
  return id ? (
    <Tooltip label={`Starts run #${id} again from its failure: exactly what failed, was skipped or canceled`}>
      <Button variant="default" loading={retry.isPending} onClick={() => retry.mutate(id)}>Retry</Button>
    </Tooltip>
  ) : null;
}

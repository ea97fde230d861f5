import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { retryRun } from "@/api/actions";
import type { NeedsYou } from "@/api/types";
import { AssetLink, RunLink } from "@/ui/links";
import { toastProblem, toastRun } from "@/ui/Materialize";
import { reasonText } from "@/ui/stateMeta";
import { StateIcon } from "@/ui/StateIcon";
import { Ago } from "@/ui/Time";

const shown = 8;

/** What is wrong, newest first, each with its cause and the one thing to do about it. */
export function NeedsYouList({ items }: { items: NeedsYou[] }) {
  return (
    <div className="panel">
      {items.slice(0, shown).map((item, i) => <Item key={`${item.kind}${item.run_id}${item.key}${i}`} item={item} />)}
      {items.length > shown && (
        <div className="line"><Link to="/runs" search={{ status: "failed" }} className="link dim">and {items.length - shown} more</Link></div>
      )}
    </div>
  );
}

function Item({ item }: { item: NeedsYou }) {
  return (
    <div className="need">
      <StateIcon state={item.kind === "stuck" ? "waiting_retry" : "failed"} size={16} />
      <div className="grow">
        <div className="clip strong"><Subject item={item} /></div>
        <div className="need-why">{item.detail ?? reasonText(item.reason)}</div>
        <div className="small dim">
          <Ago at={item.at} />
          {item.run_id && <> · run <RunLink id={item.run_id} /></>}
          {!!item.skipped && <> · {item.skipped.toLocaleString("en")} skipped because of it</>}
        </div>
      </div>
      <Act item={item} />
    </div>
  );
}

function Subject({ item }: { item: NeedsYou }) {
  if (item.key) return <><AssetLink name={item.key} /> <span className="dim" style={{ fontWeight: 400 }}>{reasonText(item.reason)}</span></>;
  if (item.run_id) return <>Run <RunLink id={item.run_id} /> failed</>;
  if (item.kind === "definitions") return <Link to="/definitions" className="link">The definitions do not load</Link>;
  if (item.kind === "latched") return <Link to="/health" className="link">Nothing is being started</Link>;
  return <>{item.kind.replaceAll("_", " ")}</>;
}

function Act({ item }: { item: NeedsYou }) {
  const retry = useMutation({ mutationFn: (id: string) => retryRun(id, "failure"), onSuccess: (plan) => toastRun(plan, "Retry"), onError: toastProblem("The retry was not started") });
  if (item.kind === "definitions") return <Button component={Link} to="/definitions" variant="default">See errors</Button>;
  if (item.kind === "latched") return <Button component={Link} to="/health" variant="default">See health</Button>;
  const id = item.run_id;
  if (item.kind === "stuck") return <Button component={Link} to="/queue" variant="default">See why</Button>;
  return id ? <Button variant="default" loading={retry.isPending} onClick={() => retry.mutate(id)}>Retry</Button> : null;
}

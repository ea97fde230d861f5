import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { checkResultsQuery } from "@/api/queries";
import type { AssetDetail, CheckDefinition, CheckResult } from "@/api/types";
import { Empty } from "@/ui/Empty";
import { AssetLink, RunLink } from "@/ui/links";
import { MetadataList } from "@/ui/Metadata";
import { StateIcon } from "@/ui/StateIcon";
import { stateMeta } from "@/ui/stateMeta";
import { Ago } from "@/ui/Time";

const example = `    checks:
      - {name: enough_rows, run: {plugin: exec, command: [python, check.py]}, blocking: true}
`;

/** Each check with its last result and the outcomes before it; failing ones first. */
export function ChecksTab({ asset }: { asset: AssetDetail }) {
  const results = useQuery(checkResultsQuery(asset.key));
  const byName = useMemo(() => Map.groupBy(results.data?.items ?? [], (item) => item.check), [results.data]);
  if (asset.check_definitions.length === 0 && byName.size === 0) {
    return <Empty title="No checks" code={asset.external ? undefined : example}>A check asks whether what was made is good. A blocking one keeps bad data from what comes after it.</Empty>;
  }
  const rank = (name: string) => ["failed", "error", "warned"].indexOf(byName.get(name)?.[0]?.status ?? "") + 1 || 9;
  const checks = [...asset.check_definitions].sort((a, b) => rank(a.name) - rank(b.name));
  return (
    <div className="page-body" style={{ paddingTop: 20, maxWidth: 1100 }}>
      <div className="panel">{checks.map((check) => <CheckRow key={check.name} check={check} results={byName.get(check.name) ?? []} home={asset.key} />)}</div>
    </div>
  );
}

function CheckRow({ check, results, home }: { check: CheckDefinition; results: CheckResult[]; home: string }) {
  const last = results[0];
  const others = check.depends_on.filter((key) => key !== home);
  return (
    <details className="check" open={last?.status === "failed" || undefined}>
      <summary>
        <StateIcon state={last?.status ?? "never"} title={last ? undefined : "Has not run"} />
        <span className="strong clip grow">{check.name}</span>
        <span className="row wide-only" style={{ gap: 2, flex: "none" }}>
          {results.slice(0, 20).reverse().map((r) => <span key={r.id} title={`run #${r.run_id}: ${stateMeta(r.status).label.toLowerCase()}`} className="check-tick" style={{ background: r.status === "passed" ? "var(--bar-ok)" : stateMeta(r.status).colour }} />)}
        </span>
        <span className="tag wide-only">{check.severity}{check.blocking ? ", blocking" : ""}</span>
        <span className="dim" style={{ width: 80, textAlign: "right" }}>{last ? <Ago at={last.at} /> : "not run"}</span>
      </summary>
      <div className="check-body">
        {check.description && <div className="dim">{check.description}</div>}
        {last?.detail && <div className={last.status === "passed" ? "dim" : "bad"} style={{ overflowWrap: "anywhere" }}>{last.detail}</div>}
        {others.length > 0 && <div className="dim">Also about {others.map((key, i) => <span key={key}>{i > 0 && ", "}<AssetLink name={key} /></span>)}</div>}
        {last && <div className="dim">Last result in run <RunLink id={last.run_id} step={home} /></div>}
        {last && Object.keys(last.metadata).length > 0 && <MetadataList metadata={last.metadata} />}
      </div>
    </details>
  );
}

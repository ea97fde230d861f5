import type { AssetDetail } from "@/api/types";
import { rawValue } from "@/ui/Metadata";
import { CodeView } from "./CodeView";

/** How it is defined: the YAML, and the SQL that really ran where a step reported it. */
export function DefinitionTab({ asset }: { asset: AssetDetail }) {
  const sql = compiledSql(asset);
  const rest = { run: asset.run, retries: asset.retries, metadata: asset.metadata };
  return (
    <div className="definition">
      {asset.source && <div className="dim">Defined in <span className="mono">{asset.source.file}{asset.source.line ? `:${asset.source.line}` : ""}</span>{asset.import && <> through the import <span className="mono">{asset.import}</span></>}</div>}
      {asset.definition_yaml && <CodeView label="Definition" text={asset.definition_yaml} language="yaml" />}
      {sql && <div><div className="section-title">Compiled SQL of the last materialization</div><CodeView label="Compiled SQL" text={sql} language="sql" /></div>}
      <div><div className="section-title">As the daemon runs it</div><CodeView label="Run" text={JSON.stringify(rest, null, 2)} language="json" /></div>
    </div>
  );
}

function compiledSql(asset: AssetDetail): string | undefined {
  const from = { ...asset.metadata, ...asset.last_materialization?.metadata };
  const value = rawValue(from.compiled_sql ?? from.compiled_code ?? from.sql);
  return typeof value === "string" ? /^\s*```\w*\n([\s\S]*?)\n?```\s*$/.exec(value)?.[1] ?? value : undefined;
}

import type { CheckResult } from "@/api/types";
import { againstUsual, sampleOf, sqlOf } from "@/system/checks/trend";
import { CopyButton } from "./CopyButton";

const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** What a failed check has to show: how many fail against what is usual, the query to copy, and rows where somebody switched them on. `results` newest first. */
export function CheckEvidence({ results }: { results: CheckResult[] }) {
  const last = results[0];
  if (!last) return null;
  const usual = againstUsual(results);
  const sql = sqlOf(last.metadata);
  const sample = sampleOf(last.metadata);
  return (
    <>
      {usual && <div><span className="strong num">{plain.format(usual.now)}</span> {usual.name.replaceAll("_", " ")}, <span className="dim">usually {plain.format(usual.usual)} (the middle of the last {usual.of})</span></div>}
      {sql && (
        <details>
          <summary className="row" style={{ cursor: "pointer", gap: 6 }}><span className="dim">Its SQL</span><CopyButton label="Copy the SQL" text={sql} /></summary>
          <pre className="code" tabIndex={0} aria-label="SQL of the check" style={{ maxHeight: 220 }}>{sql}</pre>
        </details>
      )}
      {sample && sample.rows.length > 0 && (
        <div style={{ overflowX: "auto" }} tabIndex={0} role="region" aria-label="Rows that fail">
          <table className="sample">
            <caption className="dim small" style={{ textAlign: "left" }}>The first {sample.rows.length} {sample.rows.length === 1 ? "row" : "rows"} that fail</caption>
            <thead><tr>{sample.columns.map((column) => <th key={column} scope="col">{column}</th>)}</tr></thead>
            <tbody>{sample.rows.map((row, i) => <tr key={i}>{row.map((cell, j) => <td key={j}>{cell === null ? <span className="faint">null</span> : String(cell)}</td>)}</tr>)}</tbody>
          </table>
        </div>
      )}
    </>
  );
}

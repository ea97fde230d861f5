import type { PlannedChange } from "@/api/types";

const SIGNS = { added: "+", changed: "~", removed: "−", renamed: ">" } as const;
const COLOURS = { added: "var(--ok-text)", changed: "var(--stale-text)", removed: "var(--fail-text)", renamed: "var(--stale-text)" } as const;

/** How two versions of the definitions differ: of a plan, or of two that served. `total`: the daemon lists only the first of many. */
export function ChangeList({ changes, total }: { changes: PlannedChange[]; total: number }) {
  return (
    <>
      <div className="column" style={{ gap: 8 }}>{changes.map((change) => <Change key={`${change.kind} ${change.name}`} change={change} />)}</div>
      {total > changes.length && <div className="dim" style={{ marginTop: 8 }}>… and {(total - changes.length).toLocaleString("en")} more</div>}
    </>
  );
}

const shown = (value: unknown) => (value === null ? "not set" : typeof value === "string" ? value : JSON.stringify(value));

function Change({ change }: { change: PlannedChange }) {
  return (
    <div>
      <div style={{ overflowWrap: "anywhere" }}>
        <span className="mono" aria-hidden="true" style={{ color: COLOURS[change.action] }}>{SIGNS[change.action]} </span>
        <span className="dim">{change.kind} </span><span className="strong">{change.name}</span>
        <span className="dim"> {change.action}{change.renamed_from && `, was ${change.renamed_from}`}</span>
      </div>
      {change.fields.map((field) => (
        <div key={field.field} className="row wrap" style={{ gap: "0 8px", paddingLeft: 18, overflowWrap: "anywhere" }}>
          <span className="mono dim">{field.field}</span>
          <span className="mono">{field.before_text ?? shown(field.before)}</span><span className="dim">→</span><span className="mono">{field.after_text ?? shown(field.after)}</span>
        </div>
      ))}
    </div>
  );
}

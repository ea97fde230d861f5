import { stateMeta, type Shape } from "./stateMeta";

interface Props { state: string; size?: number; stale?: boolean; progress?: number | null; title?: string }

/** The icon of a state, readable without colour. `progress` from 0 to 1 fills the running ring; unknown progress turns. */
export function StateIcon({ state, size = 14, stale, progress, title }: Props) {
  const meta = stateMeta(state);
  const label = title ?? (stale ? `${meta.label}, stale` : meta.label);
  return (
    <svg
      className={`state-icon${stale ? " stale-ring" : ""}`} width={size} height={size} viewBox="0 0 16 16" role="img" aria-label={label}
      style={{ color: meta.colour }} data-state={state}
    >
      <title>{label}</title>
      <ShapePath shape={meta.shape} progress={progress ?? null} />
    </svg>
  );
}

const cut = { stroke: "var(--bg)", strokeWidth: 1.9, strokeLinecap: "round", strokeLinejoin: "round", fill: "none" } as const;
const pen = { stroke: "currentColor", strokeWidth: 1.7, strokeLinecap: "round", fill: "none" } as const;

function ShapePath({ shape, progress }: { shape: Shape; progress: number | null }) {
  switch (shape) {
    case "tick":
      return <><circle cx="8" cy="8" r="7" fill="currentColor" /><path d="M5 8.2 7.2 10.4 11.2 5.9" {...cut} /></>;
    case "cross":
      return <><path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z" fill="currentColor" /><path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" {...cut} /></>;
    case "ring":
      return <Ring progress={progress} />;
    case "clock":
      return <><circle cx="8" cy="8" r="6.2" {...pen} /><path d="M8 4.6V8l2.3 1.5" {...pen} strokeWidth={1.5} /></>;
    case "slash":
      return <><circle cx="8" cy="8" r="6.2" {...pen} /><path d="m4.2 11.8 7.6-7.6" {...pen} /></>;
    case "bar":
      return <><circle cx="8" cy="8" r="6.2" {...pen} /><path d="M5 8h6" {...pen} /></>;
    case "square":
      return <rect x="2.4" y="2.4" width="11.2" height="11.2" rx="1.5" {...pen} />;
    case "triangle":
      return <><path d="M8 1.4 15.4 14.4H.6z" fill="currentColor" /><path d="M8 6v3.6m0 2.2v.1" {...cut} /></>;
    default:
      return <circle cx="8" cy="8" r="6.2" {...pen} />;
  }
}

function Ring({ progress }: { progress: number | null }) {
  const round = 2 * Math.PI * 5.8;
  const share = progress ?? 0.3;
  return (
    <g className={progress === null ? "turning" : undefined}>
      <circle cx="8" cy="8" r="5.8" {...pen} strokeWidth={2.4} opacity={0.28} />
      <circle cx="8" cy="8" r="5.8" {...pen} strokeWidth={2.4} strokeLinecap="butt" strokeDasharray={`${round * share} ${round}`} transform="rotate(-90 8 8)" />
    </g>
  );
}

/** Icon and word. */
export function StateLabel({ state, stale, progress, suffix }: Props & { suffix?: string }) {
  return (
    <span className="state">
      <StateIcon state={state} stale={stale} progress={progress} />
      <span>{stateMeta(state).label}{suffix ? ` ${suffix}` : ""}</span>
      {stale && <span className="small" style={{ color: "var(--stale-text)" }}>stale</span>}
    </span>
  );
}

import type { Blocker } from "@/api/types";
import { namedRuns, waitText } from "@/system/queue/waiting";
import { RunLink } from "./links";
import { useKnownNow } from "./live";

/** All that holds a step or a run back, since when, and who: the runs it names are links. */
export function BlockedBy({ blockers }: { blockers: Blocker[] }) {
  const now = useKnownNow();
  return blockers.map((blocker) => {
    const [what, ...rest] = waitText(blocker, now).split(": ");
    return <div key={blocker.what + blocker.detail} className="why"><span className="strong">{what}</span>: <span className="dim"><Named text={rest.join(": ")} /></span></div>;
  });
}

/** A text in which each run that it names is a link. */
export function Named({ text }: { text: string }) {
  return namedRuns(text).map((piece, i) => (piece.run ? <RunLink key={i} id={piece.run} step={piece.step}>{piece.text}</RunLink> : <span key={i}>{piece.text}</span>));
}

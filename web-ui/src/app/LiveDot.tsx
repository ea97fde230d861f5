import { Tooltip } from "@mantine/core";
import { formatAgo, formatFullTime } from "@/system/time/format";
import { useNow } from "@/ui/clock";
import { useLiveState } from "@/ui/live";

const words = { connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", stale: "Stale" } as const;

/** Says only what is known: live while events or heartbeats arrive, else since when not. */
export function LiveDot() {
  const state = useLiveState();
  const now = useNow();
  const ago = formatAgo(state.since, now);
  const label = state.kind === "live" ? "Events arrive as they happen" : `Last heard from the daemon ${ago}, at ${formatFullTime(state.since)}`;
  return (
    <Tooltip label={label}>
      <span className="live" data-kind={state.kind} role="status" aria-label={`${words[state.kind]}${state.kind === "stale" ? ` since ${ago}` : ""}`}>
        <i aria-hidden /><span className={state.kind === "live" || state.kind === "connecting" ? "wide-only" : undefined}>{words[state.kind]}{state.kind === "stale" ? ` since ${ago.replace(" ago", "")}` : ""}</span>
      </span>
    </Tooltip>
  );
}

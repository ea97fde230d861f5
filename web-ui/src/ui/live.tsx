import type { QueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, useSyncExternalStore, type ReactNode } from "react";
import { LiveConnection } from "@/api/live";
import { useNow } from "./clock";

const Live = createContext<LiveConnection | null>(null);

export function LiveProvider({ client, children }: { client: QueryClient; children: ReactNode }) {
  const [live] = useState(() => new LiveConnection(client));
  useEffect(() => {
    live.start();
    return () => live.stop();
  }, [live]);
  return <Live.Provider value={live}>{children}</Live.Provider>;
}

export function useLive(): LiveConnection {
  const live = useContext(Live);
  if (!live) throw new Error("useLive outside LiveProvider");
  return live;
}

/** Now, as far as the daemon has been heard: what runs stops growing when nobody knows whether it still does. */
export function useKnownNow(): number {
  const now = useNow();
  const state = useLiveState();
  return state.kind === "stale" ? Math.min(now, state.since) : now;
}

export function useLiveState() {
  const live = useLive();
  return useSyncExternalStore(live.subscribe, live.snapshot);
}

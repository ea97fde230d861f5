import type { QueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, useSyncExternalStore, type ReactNode } from "react";
import { LiveConnection } from "@/api/live";

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

export function useLiveState() {
  const live = useLive();
  return useSyncExternalStore(live.subscribe, live.snapshot);
}

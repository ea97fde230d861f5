import type { QueryClient, QueryKey } from "@tanstack/react-query";

/** Invalidates each key at once when it has been quiet, and at most once per interval while events pour in. */
export class Invalidator {
  private readonly last = new Map<string, number>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(private readonly client: QueryClient) {}

  mark(key: QueryKey, intervalMs = 1_000) {
    const name = JSON.stringify(key);
    if (this.timers.has(name)) return;
    const wait = Math.max(0, (this.last.get(name) ?? 0) + intervalMs - Date.now());
    this.timers.set(name, setTimeout(() => this.fire(name, key), wait));
  }

  private fire(name: string, key: QueryKey) {
    this.timers.delete(name);
    this.last.set(name, Date.now());
    // A fetch under way may have read the state before this event. A refetch is cancelled and asked again; a first fetch cannot be
    // cancelled this way and would end as fresh, so it is asked again when it has ended.
    const first = this.client.getQueryCache().findAll({ queryKey: key, fetchStatus: "fetching" }).filter((query) => query.state.data === undefined);
    for (const query of first) {
      const again = () => void this.client.invalidateQueries({ queryKey: query.queryKey, exact: true });
      query.promise?.then(again, again);
    }
    void this.client.invalidateQueries({ queryKey: key }, { cancelRefetch: true });
  }
}

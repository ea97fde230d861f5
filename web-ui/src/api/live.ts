import type { QueryClient } from "@tanstack/react-query";
import { applyEvents } from "./applyEvents";
import { apiUrl, onAnswer } from "./client";
import { Invalidator } from "./invalidator";
import { seen } from "./seen";
import type { LiveEvent } from "./types";

/** What the live dot may claim. `since` is when the last byte came, in epoch milliseconds. */
export type LiveState = { kind: "connecting" | "live" | "reconnecting" | "stale"; since: number };

const eventTypes = [
  "run_changed", "step_changed", "asset_changed", "materialization", "check_result", "definitions_changed", "tick",
  "schedule_changed", "pool_changed", "automation_changed", "alert_changed", "sensor_changed", "backfill_changed", "partitions_changed",
  "progress", "heartbeat",
];
// Heartbeats come every 15 s; two missed ones and a little mean that nothing shown can be called live.
const silenceMs = 35_000;
const retryMs = [500, 1_000, 2_000, 5_000];

/** One EventSource for the whole page. Events are gathered until the next frame and applied to the cache at once. */
export class LiveConnection {
  private source: EventSource | null = null;
  private state: LiveState = { kind: "connecting", since: Date.now() };
  private readonly listeners = new Set<() => void>();
  private pending: LiveEvent[] = [];
  private frame = 0;
  private failures = 0;
  private lost = false;
  /** The event id of the oldest answer that came before the stream stood; what happened between the two is on neither. */
  private oldestAnswer = Infinity;
  private standing = false;
  private stopListening: (() => void) | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;
  private readonly invalidator: Invalidator;

  constructor(private readonly client: QueryClient) {
    this.invalidator = new Invalidator(client);
  }

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  snapshot = () => this.state;

  start() {
    this.watch = setInterval(() => this.checkSilence(), 5_000);
    this.stopListening = onAnswer((asOf) => {
      if (!this.standing) this.oldestAnswer = Math.min(this.oldestAnswer, asOf);
    });
    this.open();
  }

  stop() {
    clearInterval(this.watch);
    clearTimeout(this.retryTimer);
    this.stopListening?.();
    this.source?.close();
    this.source = null;
    this.standing = false;
  }

  /** Drops what there is and connects anew, e.g. after signing in. */
  restart() {
    this.stop();
    this.failures = 0;
    this.lost = true;
    this.start();
  }

  private open() {
    const source = new EventSource(apiUrl("/events"));
    this.source = source;
    source.onopen = () => this.opened();
    source.onerror = () => this.broke(source);
    for (const type of eventTypes) source.addEventListener(type, (event) => this.received(type, event as MessageEvent<string>));
  }

  private opened() {
    this.failures = 0;
    this.set("live");
    // Events may have been missed while the line was down: everything on screen is asked for again.
    if (this.lost) void this.client.invalidateQueries();
    this.lost = false;
  }

  private broke(source: EventSource) {
    this.lost = true;
    this.standing = false;
    this.set(this.failures >= 3 ? "stale" : "reconnecting", this.state.since);
    if (source.readyState !== EventSource.CLOSED) return void this.failures++;
    source.close();
    const delay = retryMs[Math.min(this.failures++, retryMs.length - 1)];
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.open(), delay);
  }

  private received(type: string, message: MessageEvent<string>) {
    this.set("live");
    if (type === "heartbeat") return this.stands(Number(message.lastEventId));
    const body = JSON.parse(message.data) as Partial<LiveEvent>;
    this.pending.push({ id: Number(message.lastEventId), type, at: body.at, subject: body.subject ?? {}, changes: body.changes ?? {} });
    // A hidden tab gets no frames; a timer keeps it from piling up.
    if (!this.frame) this.frame = document.hidden ? window.setTimeout(this.flush, 250) : requestAnimationFrame(this.flush);
  }

  /** The stream begins with a heartbeat that names the event it goes on from. */
  private stands(from: number) {
    if (this.standing) return;
    this.standing = true;
    seen.assetEvent = Math.min(seen.assetEvent, from);  // a restored store counts anew
    if (this.oldestAnswer < from) void this.client.invalidateQueries();
    this.oldestAnswer = Infinity;
  }

  private readonly flush = () => {
    this.frame = 0;
    const events = this.pending;
    this.pending = [];
    applyEvents(this.client, this.invalidator, events);
  };

  private checkSilence() {
    if (this.state.kind === "live" && Date.now() - this.state.since > silenceMs) this.set("stale", this.state.since);
  }

  private set(kind: LiveState["kind"], since = Date.now()) {
    const changed = kind !== this.state.kind;
    this.state = changed ? { kind, since } : this.state;
    if (!changed) this.state.since = since;
    if (changed) for (const listener of this.listeners) listener();
  }
}

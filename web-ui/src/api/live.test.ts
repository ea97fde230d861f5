import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { get } from "./client";
import { Invalidator } from "./invalidator";
import { LiveConnection } from "./live";
import { lineageStatusQuery } from "./queries";

// The query library asks again at intervals only where there is a window.
vi.hoisted(() => vi.stubGlobal("window", new EventTarget()));

/** An EventSource that says what the test tells it to. */
class FakeSource extends EventTarget {
  static last: FakeSource;
  static readonly CLOSED = 2;
  readyState = 1;
  onopen = () => {};
  onerror = () => {};
  constructor(readonly url: string) {
    super();
    FakeSource.last = this;
  }
  close() {}
  begin(id: number) {
    this.onopen();
    this.dispatchEvent(Object.assign(new Event("heartbeat"), { lastEventId: String(id), data: "{}" }));
  }
}

let asked = 0;
let client: QueryClient;
let live: LiveConnection;
let observer: () => void;

/** A page that shows one query, whose answers are true at event `asOf`. */
async function shows(asOf: number) {
  vi.stubGlobal("fetch", async () => (asked++, new Response(JSON.stringify({ as_of: asOf }))));
  observer = new QueryObserver(client, { queryKey: ["assets"], queryFn: () => get("/assets") }).subscribe(() => {});
  await vi.waitFor(() => expect(client.getQueryData(["assets"])).toEqual({ as_of: asOf }));
}

beforeEach(() => {
  asked = 0;
  vi.stubGlobal("EventSource", FakeSource);
  vi.stubGlobal("document", { hidden: false });
  vi.stubGlobal("requestAnimationFrame", (call: () => void) => setTimeout(call, 0));
  client = new QueryClient();
  live = new LiveConnection(client);
  live.start();
});
afterEach(() => {
  live.stop();
  observer();
});

test("what happened between the first answers and the stream's start is asked for again", async () => {
  await shows(7);
  FakeSource.last.begin(8);
  await vi.waitFor(() => expect(asked).toBe(2));
});

test("answers as new as the stream's start are not asked for again", async () => {
  await shows(8);
  FakeSource.last.begin(8);
  await client.getQueryCache().find({ queryKey: ["assets"] })?.promise;
  expect(client.isFetching()).toBe(0);
  expect(asked).toBe(1);
});

test("an event during the first fetch of a query has it asked again", async () => {
  const answers: ((value: string) => void)[] = [];
  observer = new QueryObserver(client, { queryKey: ["run"], queryFn: () => new Promise<string>((answer) => answers.push(answer)) }).subscribe(() => {});
  await vi.waitFor(() => expect(answers.length).toBe(1));
  const told = vi.spyOn(client, "invalidateQueries");
  new Invalidator(client).mark(["run"], 0);
  await vi.waitFor(() => expect(told).toHaveBeenCalled());
  answers[0]!("before the event");
  await vi.waitFor(() => expect(answers.length).toBe(2));
  answers[1]!("after it");
  await vi.waitFor(() => expect(client.getQueryData(["run"])).toBe("after it"));
});

test("a lineage status older than the newest event seen is asked for again until it is as new", async () => {
  const answers = [7, 7, 9];
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ as_of: answers[Math.min(asked++, 2)] })));
  FakeSource.last.begin(7);
  observer = new QueryObserver(client, lineageStatusQuery("1", "")).subscribe(() => {});
  await vi.waitFor(() => expect(asked).toBe(1));
  FakeSource.last.dispatchEvent(Object.assign(new Event("asset_changed"), { lastEventId: "9", data: JSON.stringify({ subject: { key: "a" }, changes: {} }) }));
  await vi.waitFor(() => expect(client.getQueryData(lineageStatusQuery("1", "").queryKey)).toMatchObject({ as_of: 9 }), { timeout: 5_000 });
  expect(asked).toBe(3);
});

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";
import { makeWorld } from "./history.ts";
import { handle, type Answer } from "./routes.ts";
import { advance } from "./runs.ts";

/** Plays docs/api.md from memory, for development only. FAKE_ASSETS=shop|0|10|1000|10000, FAKE_STATE=fine|bad|everything|new|token. */
export function fakeDaemon(): Plugin {
  const world = makeWorld(process.env.FAKE_ASSETS ?? "shop", process.env.FAKE_STATE ?? "bad");
  const emit = (type: string, subject: object, changes: object) => {
    world.seq++;
    for (const listener of world.events) listener(type, subject, changes);
  };
  const timer = setInterval(() => advance(world, Date.now(), emit), 100);
  timer.unref();
  const serve = (request: IncomingMessage, response: ServerResponse, next: () => void) => {
    const url = new URL(request.url ?? "/", "http://fake");
    if (url.pathname === "/readyz") return json(response, { status: world.broken ? 503 : 200, body: { ready: !world.broken, why: world.broken ? [{ code: "disk", detail: "0.4 GB free, 1 GB is the floor" }] : undefined } });
    if (!url.pathname.startsWith("/api/v1")) return next();
    if (url.pathname === "/api/v1/events" && request.headers.accept?.includes("event-stream")) return stream(request, response);
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const body = (text ? JSON.parse(text) : {}) as Record<string, unknown>;
      json(response, handle(world, request.method ?? "GET", url, body, emit, request.headers.cookie ?? ""));
    });
  };
  const stream = (request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    const send = (type: string, subject: object, changes: object) => response.write(`id: ${world.seq}\nevent: ${type}\ndata: ${JSON.stringify({ subject, at: new Date().toISOString(), changes })}\n\n`);
    send("heartbeat", {}, {});
    world.events.add(send);
    const beat = setInterval(() => send("heartbeat", {}, {}), 15_000);
    request.on("close", () => {
      clearInterval(beat);
      world.events.delete(send);
    });
  };
  return { name: "fake-daemon", configureServer: (server) => void server.middlewares.use(serve), configurePreviewServer: (server) => void server.middlewares.use(serve) };
}

function json(response: ServerResponse, answer: Answer) {
  const isText = typeof answer.body === "string";
  response.writeHead(answer.status, { "content-type": isText ? "text/plain; charset=utf-8" : answer.status >= 400 ? "application/problem+json" : "application/json", ...answer.headers });
  response.end(answer.body === undefined ? "" : isText ? (answer.body as string) : JSON.stringify(answer.body));
}

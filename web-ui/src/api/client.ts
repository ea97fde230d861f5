/** The one place that talks HTTP: problems become `ApiError`, a 401 raises the sign-in form. */

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: { pointer?: string; detail: string; column?: number }[] = [],
  ) {
    super(detail || title);
  }
}

type Listener = () => void;
const unauthorized = new Set<Listener>();

/** Calls `listener` whenever the daemon answers 401. Returns the way to stop. */
export function onUnauthorized(listener: Listener): () => void {
  unauthorized.add(listener);
  return () => unauthorized.delete(listener);
}

type AnswerListener = (asOf: number) => void;
const answered = new Set<AnswerListener>();

/** Calls `listener` with the event id that each answer is true at. Returns the way to stop. */
export function onAnswer(listener: AnswerListener): () => void {
  answered.add(listener);
  return () => answered.delete(listener);
}

export const apiUrl = (path: string) => `/api/v1${path}`;

/** A query string without empty values; '+' becomes %2B, as the API requires. */
export function query(values: Record<string, string | number | boolean | null | undefined>): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== "") out.set(name, String(value));
  }
  const text = out.toString();
  return text ? `?${text}` : "";
}

/** A key as a part of a URL path: ':' stands for '/'. */
export const keyInPath = (key: string) => encodeURIComponent(key.replaceAll("/", ":")).replaceAll("%3A", ":");

async function problem(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => ({}));
  const fields = body as { title?: string; detail?: string; errors?: ApiError["errors"] };
  const title = fields.title ?? `The daemon answered ${response.status}`;
  return new ApiError(response.status, title, fields.detail ?? "", fields.errors);
}

/** Sends a request and hands back the response if it is a success; throws `ApiError` otherwise. */
export async function send(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "The daemon cannot be reached", "No answer from the daemon. It may be restarting.");
  }
  if (response.status === 401) for (const listener of unauthorized) listener();
  if (!response.ok) throw await problem(response);
  return response;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send(apiUrl(path), { signal, headers: { accept: "application/json" } });
  const body = (await response.json()) as T & { as_of?: number };
  if (typeof body?.as_of === "number") for (const listener of answered) listener(body.as_of);
  return body;
}

function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** DELETEs; what the daemon answers is of no interest. */
export async function remove(path: string): Promise<void> {
  await send(apiUrl(path), { method: "DELETE", headers: { "idempotency-key": idempotencyKey() } });
}

/** POSTs JSON with a fresh Idempotency-Key. Answers undefined when the daemon sends no body. */
export async function post<T>(path: string, body: unknown = {}): Promise<T> {
  const response = await send(apiUrl(path), {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", "idempotency-key": idempotencyKey() },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

export async function signOut(): Promise<void> {
  await send(apiUrl("/session"), { method: "DELETE" });
}

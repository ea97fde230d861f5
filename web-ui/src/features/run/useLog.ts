import { useEffect, useRef, useState } from "react";
import { ApiError } from "@/api/client";
import { fetchLog } from "@/api/queries";
import { LogBuffer } from "@/system/log/buffer";

export interface LogState { buffer: LogBuffer; length: number; complete: boolean; error: ApiError | null; loaded: boolean }
export interface LogPlace { run: string; step: string; partition: string | undefined; check: string | undefined; attempt: number | undefined; stream: string }

const pollMs = 150; // a line shows within a quarter of a second of being written

/** Reads a log from its start to its end and goes on while the attempt lives. */
export function useLog({ run, step, partition, check, attempt, stream }: LogPlace): LogState {
  const [state, setState] = useState<LogState>(() => ({ buffer: new LogBuffer(), length: 0, complete: false, error: null, loaded: false }));
  const current = useRef<AbortController>(null);
  useEffect(() => {
    const stop = new AbortController();
    current.current = stop;
    const buffer = new LogBuffer();
    setState({ buffer, length: 0, complete: false, error: null, loaded: false });
    void follow({ run, step, partition, check, attempt, stream }, buffer, stop.signal, (next) => {
      if (!stop.signal.aborted) setState(next);
    });
    return () => stop.abort();
  }, [run, step, partition, check, attempt, stream]);
  return state;
}

async function follow({ run, step, partition, check, attempt, stream }: LogPlace, buffer: LogBuffer, signal: AbortSignal, show: (state: LogState) => void) {
  let offset: string | null = null;
  while (!signal.aborted) {
    try {
      const chunk = await fetchLog(run, { step, partition, check, attempt, stream }, offset, signal);
      const moved: boolean = chunk.next !== offset && chunk.bytes.length > 0;
      offset = chunk.next;
      if (chunk.bytes.length > 0) buffer.append(chunk.bytes);
      const complete = chunk.complete && !moved;
      show({ buffer, length: buffer.length, complete, error: null, loaded: true });
      if (complete) return;
      if (!moved) await pause(pollMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      const problem = error instanceof ApiError ? error : new ApiError(0, "The log could not be read", String(error));
      const forgotten = problem.status === 410; // by retention: it will not come back
      show({ buffer, length: buffer.length, complete: forgotten, error: problem, loaded: true });
      if (forgotten) return;
      await pause(2_000, signal);
    }
  }
}

const pause = (ms: number, signal: AbortSignal) => new Promise<void>((done) => {
  const timer = setTimeout(done, ms);
  signal.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
});

import { useEffect, useSyncExternalStore } from "react";

// One timer for every ticking time on the page, running only while something ticks and the page is seen.
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function tick() {
  now = Date.now();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  if (!timer) {
    now = Date.now();
    timer = setInterval(tick, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The time in epoch milliseconds, again every second. */
export const useNow = () => useSyncExternalStore(subscribe, () => now);

/** Calls `draw` before every frame while `on`. */
export function useFrames(on: boolean, draw: () => void) {
  useEffect(() => {
    if (!on) return;
    let frame = requestAnimationFrame(function step() {
      draw();
      frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [on, draw]);
}

import type { Forecast, ForecastRun } from "./types";

export interface ForecastStart { at: string; run: ForecastRun }

/** When the asset is made next, as the forecast sees it: the first step of it that has not begun. */
export function nextStart(forecast: Forecast, key: string): ForecastStart | null {
  let first: ForecastStart | null = null;
  for (const run of forecast.runs.filter((each) => !each.checks_only))
    for (const step of run.steps)
      if (step.key === key && step.started_at !== null && step.started_at > forecast.at && (first === null || step.started_at < first.at)) first = { at: step.started_at, run };
  return first;
}

import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import type { Forecast } from "@/api/types";
import { forecastModel, originText, type ForecastBar, type ForecastModel } from "@/system/forecast/model";
import { formatAxisTime, formatDuration, formatTime, niceTimeStep } from "@/system/time/format";
import { AssetLink } from "@/ui/links";

const rowHeight = 28;
const maxRows = 16;

/** Assets against the time to come; only the rows in view are in the page. */
export function ForecastGantt({ forecast, pick }: { forecast: Forecast; pick: (bar: ForecastBar) => void }) {
  const model = useMemo(() => forecastModel(forecast), [forecast]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: model.rows.length, getScrollElement: () => scroller.current, estimateSize: () => rowHeight, overscan: 8 });
  return (
    <div className="ahead" aria-label="Steps to come, over time" role="group">
      <div className="ahead-head">
        <div className="ahead-label dim small">{model.rows.length.toLocaleString("en")} {model.rows.length === 1 ? "asset" : "assets"}</div>
        <Axis model={model} />
      </div>
      <div ref={scroller} className="ahead-rows" style={{ height: Math.min(maxRows, Math.max(1, model.rows.length)) * rowHeight }} role="list" aria-label="Assets that will be made" tabIndex={0}>
        <div style={{ height: virtual.getTotalSize(), position: "relative" }} role="presentation">
          {virtual.getVirtualItems().map((item) => {
            const row = model.rows[item.index]!;
            return (
              <div key={row.key} role="listitem" className="ahead-row" style={{ transform: `translateY(${item.start}px)` }}>
                <span className="ahead-label"><AssetLink name={row.key} /></span>
                <div className="ahead-track">{row.bars.map((bar, i) => <Bar key={i} bar={bar} model={model} pick={pick} />)}</div>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

const place = (at: number, model: ForecastModel) => Math.min(100, Math.max(0, ((at - model.from) / (model.to - model.from)) * 100));
const span = (from: number, to: number, model: ForecastModel) => ({ left: `${place(from, model)}%`, width: `max(2px, ${place(to, model) - place(from, model)}%)` });

export function barText({ run, step, from, to, slowTo }: ForecastBar): string {
  const end = to === null ? "not ended within the forecast" : `${formatTime(to)} (${formatDuration(to - from)})`;
  const waited = step.waited_ms > 0 ? `, waits ${formatDuration(step.waited_ms)}${step.waited_for.length > 0 ? ` for ${step.waited_for.map((each) => `${each.kind} ${each.what}`).join(", ")}` : ""}` : "";
  return `${step.key}: ${formatTime(from)} to ${end}${slowTo !== null ? `, at the latest 9 times in 10 ${formatTime(slowTo)}` : ""}${waited}. ${originText(run)}${step.critical ? "; decides when its run ends" : ""}`;
}

function Bar({ bar, model, pick }: { bar: ForecastBar; model: ForecastModel; pick: (bar: ForecastBar) => void }) {
  const to = bar.to ?? model.to;
  return (
    <>
      {bar.waitFrom !== null && <i className="ahead-bar" data-kind="wait" style={span(bar.waitFrom, bar.from, model)} />}
      {bar.slowTo !== null && bar.slowTo > to && <i className="ahead-bar" data-kind="slow" style={span(to, bar.slowTo, model)} />}
      <button type="button" className="ahead-bar" data-kind={bar.step.status === "succeeded" || bar.to === null ? "made" : "failed"} data-critical={bar.step.critical || undefined} style={span(bar.from, to, model)} title={barText(bar)} aria-label={barText(bar)} onClick={() => pick(bar)} />
    </>
  );
}

function Axis({ model }: { model: ForecastModel }) {
  const length = model.to - model.from;
  const narrow = window.innerWidth <= 700;
  const step = niceTimeStep(length, narrow ? 3 : 8);
  const zone = new Date(model.from).getTimezoneOffset() * 60_000;
  const ticks: number[] = [];
  for (let at = Math.ceil((model.from - zone) / step) * step + zone; at < model.to; at += step) if (place(at, model) < (narrow ? 82 : 94)) ticks.push(at);
  return <div className="ahead-axis" aria-hidden>{ticks.map((at) => <span key={at} className="num" style={{ left: `${place(at, model)}%` }}>{formatAxisTime(at, length)}</span>)}</div>;
}

import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { formatAxisTime, formatDuration, formatTime } from "@/system/time/format";

const height = 96;
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });

/** One number over time. */
export function Chart({ x, y, unit, label }: { x: number[]; y: number[]; unit?: "ms"; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme();
  useEffect(() => {
    const element = box.current!;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
    const format = (value: number) => (unit === "ms" ? formatDuration(value) : compact.format(value));
    const axis = { stroke: colour("text-faint"), font: "11px 'Inter Variable'", grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } };
    const plot = new uPlot(
      {
        width: element.clientWidth || 280, height, legend: { show: false }, padding: [8, 18, 0, 0],  // half a label of the time axis stands beyond its end
        cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
        scales: { y: { range: (_, low, high) => padded(low, high) } },
        axes: [
          { ...axis, grid: { show: false }, size: 22, space: 80, values: (_, ticks) => ticks.map((at) => formatAxisTime(at * 1000, (x.at(-1)! - x[0]!) * 1000)) },
          { ...axis, size: 52, space: 28, values: (_, ticks) => ticks.map(format) },
        ],
        series: [{}, { stroke: colour("ink"), width: 1.5, points: { show: x.length < 40, size: 4, fill: colour("ink") }, fill: colour("shade") }],
        hooks: { setCursor: [(plot) => { element.title = plot.cursor.idx == null ? "" : `${format(y[plot.cursor.idx]!)} · ${formatTime(x[plot.cursor.idx]! * 1000)}`; }] },
      },
      [x, y], element,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [x, y, unit, scheme]);
  return <div ref={box} role="img" aria-label={`${label} over time, ${x.length} points`} style={{ height }} />;
}

/** Room above and below; a flat line stays in the middle. */
function padded(low: number, high: number): [number, number] {
  const room = (high - low) * 0.15 || Math.abs(high) * 0.2 || 1;
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

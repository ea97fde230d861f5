import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type MouseEvent } from "react";
import { levelName } from "@/system/log/level";
import { AnsiLine } from "./AnsiLine";
import type { LogState } from "./useLog";

const lineHeight = 18;

interface Props {
  log: LogState;
  /** The lines to show, when not all of them. */
  rows: number[] | undefined;
  follow: boolean; onLeave: () => void; onBottom: () => void; find: string | undefined;
  /** Line to bring into view, and line to mark. */
  target: number | undefined; mark: number | undefined; onLine: (index: number) => void;
  /** Where a line's number leads: the same page with that line marked. */
  hrefOf: (index: number) => string;
}

/** The lines in view; their numbers are links to them. */
export function LogLines({ log, follow, onLeave, onBottom, find, target, mark, onLine, hrefOf, rows }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const count = rows?.length ?? log.length;
  const virtual = useVirtualizer({ count, getScrollElement: () => scroller.current, estimateSize: () => lineHeight, overscan: 20 });
  useEffect(() => {
    if (follow && count > 0) virtual.scrollToIndex(count - 1, { align: "end" });
  }, [follow, count, virtual]);
  const there = target !== undefined && target < log.length;
  useEffect(() => {
    if (there && !follow) virtual.scrollToIndex(rows ? nearest(rows, target) : target, { align: "center" });
    // A line that arrives, or other rows, must not move what someone reads.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [target, there, follow]);
  const onScroll = () => {
    const box = scroller.current;
    if (box && box.scrollHeight - box.scrollTop - box.clientHeight < 4) onBottom();
  };
  const take = (event: MouseEvent, line: number) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    onLeave();
    onLine(line);
  };
  const digits = String(log.length).length;
  return (
    <div ref={scroller} className="log-lines" tabIndex={0} role="log" aria-label="Output" aria-live="off" onWheel={(event) => event.deltaY < 0 && onLeave()} onTouchMove={onLeave} onScroll={onScroll}>
      {log.loaded && log.length === 0 && <div className="log-none">{log.error?.status === 410 ? "Its output is no longer kept." : log.complete ? "The step wrote no output." : "No output yet. It appears here as it is written."}</div>}
      {log.length > 0 && count === 0 && <div className="log-none">No line names this level or a worse one.</div>}
      <div style={{ height: virtual.getTotalSize(), position: "relative", minWidth: "max-content" }}>
        {virtual.getVirtualItems().map((item) => {
          const line = rows ? rows[item.index]! : item.index;
          return (
            <div key={item.index} className="log-line" data-marked={line === mark || undefined} data-level={levelName(log.buffer.level(line))} style={{ transform: `translateY(${item.start}px)` }}>
              <a className="log-number num" href={hrefOf(line)} style={{ width: `${digits + 2}ch` }} onClick={(event) => take(event, line)}>{line + 1}</a>
              <span><AnsiLine spans={log.buffer.spans(line)} find={find} /></span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Where `line` stands among `rows`, or the first after it. */
function nearest(rows: number[], line: number): number {
  const at = rows.findIndex((row) => row >= line);
  return at < 0 ? rows.length - 1 : at;
}

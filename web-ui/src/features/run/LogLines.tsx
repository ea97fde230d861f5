import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { AnsiLine } from "./AnsiLine";
import type { LogState } from "./useLog";

const lineHeight = 18;

interface Props {
  log: LogState; follow: boolean; onLeave: () => void; onBottom: () => void; find: string | undefined;
  /** Line to bring into view, and line to mark. */
  target: number | undefined; mark: number | undefined; onLine: (index: number) => void;
}

/** The lines in view; their numbers are links to them. */
export function LogLines({ log, follow, onLeave, onBottom, find, target, mark, onLine }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: log.length, getScrollElement: () => scroller.current, estimateSize: () => lineHeight, overscan: 20 });
  useEffect(() => {
    if (follow && log.length > 0) virtual.scrollToIndex(log.length - 1, { align: "end" });
  }, [follow, log.length, virtual]);
  useEffect(() => {
    if (target !== undefined && target < log.length && !follow) virtual.scrollToIndex(target, { align: "center" });
  }, [target, log.loaded, follow]); // eslint-disable-line react-hooks/exhaustive-deps
  const onScroll = () => {
    const box = scroller.current;
    if (box && box.scrollHeight - box.scrollTop - box.clientHeight < 4) onBottom();
  };
  const digits = String(log.length).length;
  return (
    <div ref={scroller} className="log-lines" tabIndex={0} role="log" aria-label="Output" aria-live="off" onWheel={(event) => event.deltaY < 0 && onLeave()} onTouchMove={onLeave} onScroll={onScroll}>
      {log.loaded && log.length === 0 && <div className="log-none">{log.complete ? "The step wrote no output." : "No output yet. It appears here as it is written."}</div>}
      <div style={{ height: virtual.getTotalSize(), position: "relative", minWidth: "max-content" }}>
        {virtual.getVirtualItems().map((item) => (
          <div key={item.index} className="log-line" data-marked={item.index === mark || undefined} style={{ transform: `translateY(${item.start}px)` }}>
            <a className="log-number num" href={`?line=${item.index + 1}`} style={{ width: `${digits + 2}ch` }} onClick={(event) => { event.preventDefault(); onLeave(); onLine(item.index); }}>{item.index + 1}</a>
            <span><AnsiLine spans={log.buffer.spans(item.index)} find={find} /></span>
          </div>
        ))}
      </div>
    </div>
  );
}

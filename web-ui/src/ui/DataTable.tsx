import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useRef, useState, type KeyboardEvent, type MouseEvent, type ReactNode } from "react";

export interface Column<T> {
  id: string;
  header: ReactNode;
  /** A CSS grid track: "120px", "minmax(160px, 2fr)". */
  width: string;
  cell: (row: T) => ReactNode;
  align?: "right";
  /** Left out on phones; "desk": on anything narrower than a desk's screen. */
  wide?: boolean | "desk";
  /** On phones it stands below the others, over the whole row: a text that has to be read to its end. SmallTable only. */
  below?: boolean;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowId: (row: T) => string;
  onOpen?: (row: T) => void;
  /** Of a SmallTable: which row is what the page shows. A link in it has to say so as well. */
  isOn?: (row: T) => boolean;
  /** Extra keys on the row under the cursor. */
  onKey?: (key: string, row: T) => void;
  /** Called when the last rows come into view. */
  onEnd?: () => void;
  empty?: ReactNode;
}

const height = 32;

/** One line a row, only those in view in the page. `j k` and the arrows move, Enter opens. */
export function DataTable<T>(props: Props<T>) {
  const { rows, onEnd, onOpen } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const columns = useColumns(props.columns);
  const [cursor, setCursor] = useState(-1);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => height, overscan: 12, scrollPaddingStart: 30 });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (onEnd && last >= rows.length - 20 && rows.length > 0) onEnd();
  }, [last, rows.length, onEnd]);
  const move = useCallback((to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setCursor(next);
    virtual.scrollToIndex(next);
  }, [rows.length, virtual]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: 20, PageUp: -20 };
    const row = rows[cursor];
    if (event.key in steps) {
      event.preventDefault();
      move(cursor + steps[event.key]!);
    } else if (event.key === "Enter" && row && event.target === event.currentTarget) onOpen?.(row);
    else if (row) props.onKey?.(event.key, row);
  };
  useTableKeys(scroller);
  const template = columns.map((column) => column.width).join(" ");
  return (
    <div ref={scroller} className="table" role="table" aria-label={props.label} aria-rowcount={rows.length} tabIndex={0} onKeyDown={onKeyDown}>
      <Head columns={columns} template={template} />
      {rows.length === 0 && props.empty}
      <div className="table-body" role="rowgroup" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index]!;
          return (
            <Row
              key={props.rowId(row)} row={row} columns={columns} template={template} top={item.start} on={item.index === cursor}
              open={onOpen} select={() => setCursor(item.index)}
            />
          );
        })}
      </div>
    </div>
  );
}

/** The same rows without scrolling or virtual rows, for a handful of lines inside a page. */
export function SmallTable<T>({ label, columns: all, rows, rowId, onOpen, isOn, empty }: Props<T>) {
  const columns = useColumns(all);
  const narrow = useMedia(phoneWide);
  const beside = narrow ? columns.filter((column) => !column.below) : columns;
  const under = narrow ? columns.filter((column) => column.below) : [];
  const template = beside.map((column) => column.width).join(" ");
  return (
    <div className="table boxed" role="table" aria-label={label} style={{ flex: "none" }}>
      <Head columns={beside} template={template} />
      {rows.length === 0 ? <div className="dim" style={{ padding: "8px 12px" }}>{empty}</div> : (
        <div className="table-flow" role="rowgroup">
          {rows.map((row) => <Row key={rowId(row)} row={row} columns={beside} under={under} template={template} on={isOn?.(row)} open={onOpen} />)}
        </div>
      )}
    </div>
  );
}

const phoneWide = "(max-width: 700px)";
const belowDesk = "(max-width: 1200px)";

function useColumns<T>(columns: Column<T>[]): Column<T>[] {
  const narrow = useMedia(phoneWide), notDesk = useMedia(belowDesk);
  return columns.filter((column) => !(column.wide && narrow) && !(column.wide === "desk" && notDesk));
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const media = window.matchMedia(query);
    const change = () => setMatches(media.matches);
    media.addEventListener("change", change);
    return () => media.removeEventListener("change", change);
  }, [query]);
  return matches;
}

/** j and k reach the table from anywhere on the page, unless someone is typing. */
function useTableKeys(scroller: React.RefObject<HTMLDivElement | null>) {
  useEffect(() => {
    const focus = (event: globalThis.KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if ((event.key !== "j" && event.key !== "k") || event.ctrlKey || event.metaKey || target.closest("input, textarea, [role=table], [contenteditable]")) return;
      const table = scroller.current;
      table?.focus({ preventScroll: true });
      table?.dispatchEvent(new globalThis.KeyboardEvent("keydown", { key: event.key, bubbles: true }));
    };
    window.addEventListener("keydown", focus);
    return () => window.removeEventListener("keydown", focus);
  }, [scroller]);
}

function Head<T>({ columns, template }: { columns: Column<T>[]; template: string }) {
  return (
    <div role="rowgroup" style={{ position: "sticky", top: 0, zIndex: 2 }}>
      <div className="table-row table-head" role="row" style={{ gridTemplateColumns: template }}>
        {columns.map((column) => <div key={column.id} role="columnheader" className={column.align}>{column.header}</div>)}
      </div>
    </div>
  );
}

interface RowProps<T> { row: T; columns: Column<T>[]; under?: Column<T>[]; template: string; top?: number; on?: boolean | undefined; open?: (row: T) => void; select?: () => void }

function Row<T>({ row, columns, under = [], template, top, on, open, select }: RowProps<T>) {
  const click = (event: MouseEvent) => {
    select?.();
    // Links and buttons in the row keep their own meaning; so do middle and modified clicks.
    if ((event.target as HTMLElement).closest("a, button") || event.ctrlKey || event.metaKey || window.getSelection()?.toString()) return;
    open?.(row);
  };
  return (
    <div
      className="table-row" role="row" data-clickable={open ? "" : undefined} data-cursor={on ? "" : undefined} onClick={click}
      style={{ gridTemplateColumns: template, transform: top === undefined ? undefined : `translateY(${top}px)` }}
    >
      {columns.map((column) => <div key={column.id} role="cell" className={column.align}>{column.cell(row)}</div>)}
      {under.map((column) => <div key={column.id} role="cell" className="below">{column.cell(row)}</div>)}
    </div>
  );
}

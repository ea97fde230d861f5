import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import type { Form } from "@/system/partitions/form";
import { cellX, cellY, hit, layoutHeat, move, type Heat } from "@/system/partitions/heat";
import { indicesOf, type Span } from "@/system/partitions/range";
import type { Letter } from "./letters";
import { paintHeat } from "./paintHeat";
import "./heat.css";

interface Props {
  label: string; form: Form; keys: string[]; letters: string; meanings: Letter[];
  /** More to say of a cell than its letter does. */
  note?: (index: number) => string;
  span?: Span | null;
  /** Without it nothing can be selected. Called with the end of a drag, a click, or a key. */
  onSelect?: (span: Span | null) => void;
  /** Enter, or a double click. */
  onOpen?: (index: number) => void;
}

const none: ReadonlySet<number> = new Set();

/** Partitions as cells. Click selects one, shift and click or a drag a stretch; arrows move, with shift they extend, Escape lets go. */
export function HeatMap({ label, form, keys, letters, meanings, note, span: chosen = null, onSelect, onOpen }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const heat = useMemo(() => layoutHeat(form, keys, width), [form, keys, width]);
  const [drag, setDrag] = useState<Span | null>(null);
  const [cursor, setCursor] = useState(-1);
  const [hovered, setHovered] = useState(-1);
  const option = useId();
  const span = drag ?? chosen;
  const selected = useMemo(() => (span ? new Set(indicesOf(form, keys, span)) : none), [form, keys, span]);
  const canvas = usePicture(heat, letters, meanings, selected, cursor);
  useFirstView(box, heat, form, chosen);
  const told = hovered >= 0 && hovered < keys.length ? hovered : cursor < keys.length ? cursor : -1;
  const say = (index: number) => `${keys[index] || `number ${index + 1}`}: ${meanings.find((one) => one.letter === letters[index])?.word ?? ""}${note?.(index) ?? ""}`;
  const at = (event: PointerEvent) => {
    const place = canvas.current!.getBoundingClientRect();
    return hit(heat, event.clientX - place.left, event.clientY - place.top);
  };
  const down = (event: PointerEvent) => {
    const index = at(event);
    if (event.button !== 0 || index < 0) return;
    setCursor(-1);
    if (!onSelect) return;
    // A finger that moves scrolls; it selects by taps: the first one cell, the second all from there to here.
    const mouse = event.pointerType === "mouse";
    if (mouse) canvas.current!.setPointerCapture(event.pointerId);
    const extend = chosen && (mouse ? event.shiftKey : chosen.anchor === chosen.head);
    setDrag({ anchor: extend ? chosen.anchor : index, head: index });
  };
  const moved = (event: PointerEvent) => {
    const index = at(event);
    setHovered(index);
    if (drag && index >= 0 && event.pointerType === "mouse" && index !== drag.head) setDrag({ ...drag, head: index });
  };
  const up = () => {
    if (!drag) return;
    const again = chosen && drag.anchor === drag.head && chosen.anchor === drag.anchor && chosen.head === drag.head;
    onSelect?.(again ? null : drag);
    setDrag(null);
  };
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || keys.length === 0) return;
    const from = cursor >= 0 ? cursor : chosen?.head ?? keys.length - 1;
    if (event.key === "Escape" && chosen) return onSelect?.(null);
    if (event.key === "Enter") return void (cursor >= 0 && onOpen?.(cursor));
    if (event.key === " ") {
      event.preventDefault();
      return onSelect?.({ anchor: from, head: from });
    }
    if (!/^Arrow|^Home$|^End$/.test(event.key)) return;
    event.preventDefault();
    const to = cursor >= 0 ? move(heat, cursor, event.key) : from;
    setCursor(to);
    scrollTo(box.current, heat, to);
    if (event.shiftKey) onSelect?.({ anchor: chosen?.anchor ?? from, head: to });
  };
  return (
    <div ref={box} className="heat" tabIndex={0} role="listbox" aria-label={label} aria-multiselectable={onSelect ? true : undefined} aria-activedescendant={`${option}-at`} onKeyDown={press} onBlur={() => setCursor(-1)}>
      <canvas
        ref={canvas} aria-hidden="true" style={{ width: heat.width, height: heat.height, cursor: onSelect && hovered >= 0 ? "pointer" : undefined }} onPointerDown={down} onPointerMove={moved} onPointerUp={up} onPointerCancel={() => setDrag(null)}
        onPointerLeave={() => setHovered(-1)} onDoubleClick={() => hovered >= 0 && onOpen?.(hovered)}
      />
      <div id={`${option}-at`} role="option" aria-selected={told >= 0 && selected.has(told)} className="visually-hidden">{told >= 0 ? say(told) : `${keys.length.toLocaleString("en")} partitions`}</div>
      {told >= 0 && <Tip heat={heat} index={told} text={say(told)} />}
    </div>
  );
}

/** Beside the cell, inside the map whatever the side. */
function Tip({ heat, index, text }: { heat: Heat; index: number; text: string }) {
  const x = cellX(heat, index), y = cellY(heat, index);
  const right = x > heat.width / 2;
  return <div className="heat-tip num" aria-hidden="true" style={{ top: y < 34 ? y + heat.pitch + 4 : y - 30, ...(right ? { right: heat.width - x - heat.pitch } : { left: x }) }}>{text}</div>;
}

function useWidth(box: React.RefObject<HTMLDivElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = box.current!;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return width;
}

function usePicture(heat: Heat, letters: string, meanings: Letter[], selected: ReadonlySet<number>, cursor: number) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useComputedColorScheme();
  useLayoutEffect(() => {
    const element = canvas.current!, ratio = Math.min(window.devicePixelRatio || 1, 16_000 / Math.max(1, heat.height));
    const wide = Math.round(heat.width * ratio), high = Math.round(heat.height * ratio);
    if (element.width !== wide) element.width = wide;
    if (element.height !== high) element.height = high;
    const context = element.getContext("2d");
    const style = getComputedStyle(element);
    if (context) paintHeat(context, { heat, letters, meanings, selected, cursor, colour: (name) => style.getPropertyValue(name), font: `11px ${style.fontFamily}` }, ratio);
  }, [heat, letters, meanings, selected, cursor, scheme]);
  return canvas;
}

/** A map opens on what the address selects. Else, where keys stand in order, on the newest, which stand last. */
function useFirstView(box: React.RefObject<HTMLDivElement | null>, heat: Heat, form: Form, chosen: Span | null) {
  const done = useRef(false);
  useEffect(() => {
    if (done.current || heat.height === 0) return;
    done.current = true;
    if (chosen) scrollTo(box.current, heat, chosen.anchor);
    else if (form.kind === "weekly") box.current!.scrollTop = box.current!.scrollHeight;
  }, [box, heat, form, chosen]);
}

function scrollTo(box: HTMLDivElement | null, heat: Heat, index: number) {
  if (!box) return;
  const top = cellY(heat, index);
  if (top < box.scrollTop + 20) box.scrollTop = top - 20;
  else if (top + heat.pitch > box.scrollTop + box.clientHeight - 8) box.scrollTop = top + heat.pitch + 8 - box.clientHeight;
}

/** What each kind of cell means and, with counts, how many there are; drawn as the cells are. */
export function HeatLegend({ meanings, counts }: { meanings: Letter[]; counts?: Record<string, number> }) {
  return (
    <div className="row wrap small dim" style={{ gap: "2px 14px" }} role="list" aria-label="What the cells mean">
      {meanings.map((one) => (
        <span key={one.letter} role="listitem" className="row num" style={{ gap: 5 }}><Swatch meaning={one} />{counts && <span>{(counts[one.letter] ?? 0).toLocaleString("en")}</span>}{one.word}</span>
      ))}
    </div>
  );
}

function Swatch({ meaning: { shape, colour } }: { meaning: Letter }) {
  const tone = `var(${colour})`;
  const full = shape === "full" || shape === "cross";
  return (
    <svg width={13} height={13} viewBox="0 0 13 13" aria-hidden="true" style={{ flex: "none" }}>
      <rect x={full ? 0.5 : 1} y={full ? 0.5 : 1} width={full ? 12 : 11} height={full ? 12 : 11} rx={3} fill={full ? tone : "none"} stroke={full ? "none" : tone} />
      {shape === "cross" && <path d="m3.8 3.8 5.4 5.4m0-5.4-5.4 5.4" stroke="var(--bg)" strokeWidth={1.6} />}
      {shape === "half" && <rect x={1.5} y={6.5} width={10} height={5} fill={tone} />}
      {shape === "slash" && <path d="m3.8 9.2 5.4-5.4" stroke={tone} strokeWidth={1.6} />}
      {shape === "dot" && <circle cx={6.5} cy={6.5} r={2.2} fill={tone} />}
      {shape === "bar" && <path d="M3.5 6.5h6" stroke={tone} strokeWidth={1.6} />}
    </svg>
  );
}


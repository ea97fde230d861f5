import type { CanvasView } from "./canvasView";

/** Mouse, touch and wheel on the canvas. Returns the way to detach. */
export function attachPointer(view: CanvasView): () => void {
  const { canvas } = view;
  const pointers = new Map<number, { x: number; y: number }>();
  let moved = false;
  let pinch = 0;
  const place = (event: MouseEvent) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const spread = () => {
    const [a, b] = [...pointers.values()];
    return a && b ? { distance: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } : null;
  };
  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    moved = false;
    pinch = spread()?.distance ?? 0;
  };
  const move = (event: PointerEvent) => {
    const at = place(event);
    const before = pointers.get(event.pointerId);
    if (!before) return view.hover(at.x, at.y);
    const dx = at.x - before.x, dy = at.y - before.y;
    // A hand trembles: a click may move three pixels.
    if (!moved && Math.hypot(dx, dy) < 3) return;
    moved = true;
    pointers.set(event.pointerId, at);
    const two = spread();
    if (!two) return view.panBy(dx, dy);
    view.panBy(dx / 2, dy / 2);
    if (pinch > 0) view.zoom(two.distance / pinch, two.x, two.y);
    pinch = two.distance;
  };
  const up = (event: PointerEvent) => {
    const was = pointers.delete(event.pointerId);
    pinch = 0;
    const at = place(event);
    if (was && !moved && pointers.size === 0 && event.type === "pointerup") view.click(at.x, at.y);
  };
  const leave = () => view.leave();
  const twice = (event: MouseEvent) => {
    const at = place(event);
    view.doubleClick(at.x, at.y);
  };
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    const at = place(event);
    // A trackpad pans with two fingers and pinches with ctrl; a mouse wheel, whose steps are coarse, zooms.
    const mouse = event.deltaMode !== 0 || (event.deltaX === 0 && Math.abs(event.deltaY) >= 50);
    if (event.ctrlKey || event.metaKey || mouse) view.zoom(Math.exp(-event.deltaY * (mouse && !event.ctrlKey ? 0.0016 : 0.01)), at.x, at.y);
    else view.panBy(-event.deltaX, -event.deltaY);
  };
  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", leave);
  canvas.addEventListener("dblclick", twice);
  canvas.addEventListener("wheel", wheel, { passive: false });
  return () => {
    canvas.removeEventListener("pointerdown", down);
    canvas.removeEventListener("pointermove", move);
    canvas.removeEventListener("pointerup", up);
    canvas.removeEventListener("pointercancel", up);
    canvas.removeEventListener("pointerleave", leave);
    canvas.removeEventListener("dblclick", twice);
    canvas.removeEventListener("wheel", wheel);
  };
}

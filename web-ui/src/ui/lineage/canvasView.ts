import { detailOf, minZoomOf, pan, toWorld, visibleBox, writeCamera, zoomAt, type Camera, type Size } from "@/system/lineage/camera";
import { ancestry, cardHeight, cardWidth, groupAt, nodeAt, type Box, type LineageGraph } from "@/system/lineage/graph";
import { paint, type Palette, type Scene } from "@/system/lineage/paint";
import { emptyStates, failureEdges, groupHealth, stateIndex, type NodeStates } from "@/system/lineage/status";

export interface ViewEvents {
  select(index: number): void;
  open(index: number): void;
  group(index: number): void;
  moved(camera: Camera): void;
}

const ringFrameMs = 50;

/** The canvas, its camera and its pointer. Draws only when something changed, or while a visible ring turns. */
export class CanvasView {
  camera: Camera = { x: 0, y: 0, k: 1 };
  size: Size = { width: 1, height: 1 };
  private scene: Scene;
  private frame = 0;
  private ring: ReturnType<typeof setTimeout> | undefined;
  private flight: { from: Camera; to: Camera; start: number } | null = null;
  /** Whether anything has said where to look: before that there is no view to keep a card in. */
  private placed = false;
  private readonly still = window.matchMedia("(prefers-reduced-motion: reduce)");
  private readonly ctx: CanvasRenderingContext2D;
  /** Duration of the last frame, for the performance check in development. */
  lastFrameMs = 0;

  constructor(readonly canvas: HTMLCanvasElement, graph: LineageGraph, private palette: Palette, private readonly events: ViewEvents) {
    this.ctx = canvas.getContext("2d", { alpha: false })!;
    const nodes = emptyStates(graph);
    this.scene = {
      graph, nodes, health: groupHealth(graph, nodes), failure: failureEdges(graph, nodes), focus: null, selected: -1, hovered: -1, notes: () => "", spin: 0,
    };
  }

  setGraph(graph: LineageGraph) {
    const nodes = emptyStates(graph);
    this.scene = { ...this.scene, graph, nodes, focus: null, selected: -1, hovered: -1, health: groupHealth(graph, nodes), failure: failureEdges(graph, nodes) };
    this.draw();
  }
  setStates(nodes: NodeStates) {
    this.scene.nodes = nodes;
    this.scene.health = groupHealth(this.scene.graph, nodes);
    this.scene.failure = failureEdges(this.scene.graph, nodes);
    this.draw();
  }
  setNotes(notes: (index: number) => string) {
    this.scene.notes = notes;
    this.draw();
  }
  setPalette(palette: Palette) {
    this.palette = palette;
    this.draw();
  }
  setSelected(index: number) {
    this.scene.selected = index;
    this.refocus();
    if (this.placed) this.reveal();
  }
  /** Brings the selected card into view when it is not, at the same zoom. */
  private reveal() {
    const { selected, graph } = this.scene;
    if (selected < 0 || this.size.width <= 1) return;
    const x = graph.xs[selected]!, y = graph.ys[selected]!;
    const box = this.view;
    const inside = x - cardWidth / 2 >= box.x0 && x + cardWidth / 2 <= box.x1 && y - cardHeight / 2 >= box.y0 && y + cardHeight / 2 <= box.y1;
    if (!inside) this.moveTo({ ...(this.flight?.to ?? this.camera), x, y });
  }
  resize(size: Size) {
    const ratio = window.devicePixelRatio || 1;
    // An observer's first report repeats what was measured already.
    if (size.width === this.size.width && size.height === this.size.height && this.canvas.width === Math.round(size.width * ratio)) return;
    this.size = size;
    this.canvas.width = Math.round(size.width * ratio);
    this.canvas.height = Math.round(size.height * ratio);
    // A canvas that was resized is empty; before there is a place to look at there is nothing to draw.
    this.draw(this.placed);
    // A panel that opens takes room from the canvas, sometimes that of the very card it is about.
    if (this.placed) this.reveal();
  }
  destroy() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.ring);
  }

  get view(): Box {
    return visibleBox(this.camera, this.size);
  }
  get graph() {
    return this.scene.graph;
  }

  moveTo(camera: Camera, animated = true) {
    this.placed = true;
    if (!animated || this.still.matches) {
      this.flight = null;
      this.camera = camera;
      this.events.moved(camera);
      return this.draw();
    }
    this.flight = { from: this.camera, to: camera, start: performance.now() };
    this.draw();
  }
  /** Looks there at once and tells nobody: where a page begins is not somebody's move. */
  place(camera: Camera) {
    this.placed = true;
    this.flight = null;
    this.camera = camera;
    this.draw();
  }
  zoom(factor: number, px = this.size.width / 2, py = this.size.height / 2) {
    this.flight = null;
    this.camera = zoomAt(this.camera, this.size, px, py, factor, minZoomOf(this.scene.graph, this.size));
    this.events.moved(this.camera);
    this.draw();
  }
  panBy(dx: number, dy: number) {
    this.flight = null;
    this.camera = pan(this.camera, dx, dy);
    this.events.moved(this.camera);
    this.draw();
  }

  /** The node under a point of the screen, or -1. Far out, nodes are too small to aim at unless few. */
  hit(px: number, py: number): number {
    const world = toWorld(this.camera, this.size, px, py);
    return nodeAt(this.scene.graph, world.x, world.y);
  }
  hover(px: number, py: number) {
    const index = this.hit(px, py);
    this.canvas.style.cursor = index >= 0 ? "pointer" : "grab";
    if (index === this.scene.hovered) return;
    this.scene.hovered = index;
    this.refocus();
  }
  leave() {
    this.scene.hovered = -1;
    this.refocus();
  }
  click(px: number, py: number) {
    const index = this.hit(px, py);
    if (index >= 0 && (detailOf(this.camera) !== "far" || this.camera.k > 0.12)) return this.events.select(index);
    const world = toWorld(this.camera, this.size, px, py);
    const group = detailOf(this.camera) === "far" ? groupAt(this.scene.graph, world.x, world.y) : -1;
    if (group >= 0) this.events.group(group);
    else this.events.select(-1);
  }
  doubleClick(px: number, py: number) {
    const index = this.hit(px, py);
    if (index >= 0) this.events.open(index);
  }

  private refocus() {
    const { selected, hovered, graph } = this.scene;
    // A selection holds; without one the pointer shows the way, where a node is large enough to aim at.
    const at = selected >= 0 ? selected : detailOf(this.camera) === "far" ? -1 : hovered;
    this.scene.focus = at >= 0 ? ancestry(graph, at) : null;
    this.draw();
  }

  draw(now = false) {
    if (now) return this.render();
    if (!this.frame) this.frame = requestAnimationFrame(() => this.render());
  }

  private render() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const start = performance.now();
    if (this.flight) this.fly(start);
    this.scene.spin = this.still.matches ? 0 : (start / 1400) * Math.PI * 2;
    paint(this.ctx, this.scene, this.camera, this.size, window.devicePixelRatio || 1, this.palette);
    this.lastFrameMs = performance.now() - start;
    this.canvas.dataset.camera = writeCamera(this.camera);
    this.keepRings();
  }

  private fly(now: number) {
    const flight = this.flight!;
    const t = Math.min(1, (now - flight.start) / 260);
    const ease = 1 - (1 - t) ** 3;
    const mix = (a: number, b: number) => a + (b - a) * ease;
    // Zoom is felt as a ratio: mixing logarithms keeps the speed even.
    const k = Math.exp(mix(Math.log(flight.from.k), Math.log(flight.to.k)));
    this.camera = { x: mix(flight.from.x, flight.to.x), y: mix(flight.from.y, flight.to.y), k };
    this.events.moved(this.camera);
    if (t >= 1) this.flight = null;
    else this.frame = requestAnimationFrame(() => this.render());
  }

  private keepRings() {
    clearTimeout(this.ring);
    if (this.still.matches || document.hidden || detailOf(this.camera) === "far") return;
    if (this.scene.nodes.state.includes(stateIndex.materializing)) this.ring = setTimeout(() => this.draw(), ringFrameMs);
  }
}

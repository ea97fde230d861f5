import { ellipsis, wrapped } from "./ellipsis";
import { paintGlyph } from "./glyph";
import { cardHeight, cardWidth } from "./graph";
import { cardBox, roundedBox, type Brush } from "./paint";
import { stateIndex } from "./status";

const dimmed = 0.25;
const alphaOf = (brush: Brush, i: number) => (brush.scene.focus && !brush.scene.focus[i] ? dimmed : 1);

function text(brush: Brush, value: string, x: number, y: number, width: number, font: string) {
  const { ctx } = brush;
  ctx.font = font;
  ctx.fillText(ellipsis(value, width, font, (t) => ctx.measureText(t).width), x, y);
}

/** Far: one small block a node, all of one state in one path. */
export function paintDots(brush: Brush) {
  const { ctx, scene, palette } = brush;
  // Blocks stand for their nodes; only nodes without a group and the path of a selection are shown one by one.
  const shown = brush.blocks ? brush.visible.filter((i) => scene.graph.groupOf[i] === -1 || scene.focus?.[i] === 1) : brush.visible;
  for (const dim of [true, false]) {
    const byState: number[][] = palette.state.map(() => []);
    for (const i of shown) if ((alphaOf(brush, i) === dimmed) === dim) byState[scene.nodes.state[i]!]!.push(i);
    ctx.globalAlpha = dim ? dimmed : 1;
    byState.forEach((list, state) => {
      if (list.length === 0) return;
      ctx.beginPath();
      for (const i of list) ctx.rect(scene.graph.xs[i]! - cardWidth / 2, scene.graph.ys[i]! - cardHeight / 2, cardWidth, cardHeight);
      ctx.fillStyle = palette.state[state]!;
      ctx.fill();
    });
  }
  ctx.globalAlpha = 1;
  outline(brush);
}

/** Middle: an icon and a name of fixed size on the screen. */
export function paintChips(brush: Brush) {
  const { ctx, scene, palette, camera } = brush;
  boxes(brush, 8);
  const px = 1 / camera.k;
  const font = `500 ${11 * px}px ${palette.font}`;
  ctx.textBaseline = "middle";
  const r = 5 * px;
  const twoLines = cardHeight * camera.k >= 29;
  for (const i of brush.visible) {
    const box = cardBox(scene.graph, i);
    const state = scene.nodes.state[i]!;
    ctx.globalAlpha = alphaOf(brush, i);
    paintGlyph(ctx, state, box.x + 11 * px, scene.graph.ys[i]!, r, palette.state[state]!, palette.surface, scene.spin);
    ctx.fillStyle = state === stateIndex.external ? palette.dim : palette.text;
    const room = box.width - 25 * px;
    const lines = twoLines ? linesOf(brush, scene.graph.input.nodes[i]!.key, room, font) : [scene.graph.input.nodes[i]!.key];
    const top = scene.graph.ys[i]! - (lines.length - 1) * 6.5 * px;
    lines.forEach((line, n) => text(brush, line, box.x + 20 * px, top + n * 13 * px, room, font));
  }
  ctx.globalAlpha = 1;
  outline(brush);
}

/** A name on one line or two; the font is set only where something must be measured. */
function linesOf({ ctx }: Brush, name: string, width: number, font: string): string[] {
  return wrapped(name, width, font, (text) => {
    ctx.font = font;
    return ctx.measureText(text).width;
  });
}

/** Near: cards with everything the daemon's vectors say about a node. */
export function paintCards(brush: Brush) {
  const { ctx, scene, palette } = brush;
  boxes(brush, 6);
  ctx.textBaseline = "middle";
  for (const i of brush.visible) {
    const box = cardBox(scene.graph, i);
    const node = scene.graph.input.nodes[i]!;
    const state = scene.nodes.state[i]!;
    ctx.globalAlpha = alphaOf(brush, i);
    const lines = cardName(brush, node.key, box.width - 41);
    const below = box.y + (lines.length > 1 ? 56 : 51);
    paintGlyph(ctx, state, box.x + 18, box.y + (lines.length > 1 ? 24 : 23), 7.5, palette.state[state]!, palette.surface, scene.spin);
    ctx.fillStyle = palette.text;
    for (const line of lines) text(brush, line.text, box.x + 33, box.y + line.y, box.width - 41, line.font);
    const right = signs(brush, i, box.x + box.width - 12, below);
    badges(brush, node.external ? ["external", ...node.kinds] : node.kinds, box.x + 10, below, right - 6);
  }
  ctx.globalAlpha = 1;
  outline(brush);
}

/** A card's name on one line, or smaller on two rather than without its middle. */
function cardName(brush: Brush, name: string, width: number): { text: string; y: number; font: string }[] {
  const large = `550 ${readable(brush, 13, 12)}px ${brush.palette.font}`;
  const small = readable(brush, 12, 11);
  const font = `550 ${small}px ${brush.palette.font}`;
  const [first, second] = linesOf(brush, name, width, large);
  return second === undefined ? [{ text: first!, y: 23.5, font: large }] : [{ text: first!, y: 24.5 - small * 0.58, font }, { text: second, y: 24.5 + small * 0.58, font }];
}

/** A size in world units that is never below `least` pixels on the screen. */
const readable = (brush: Brush, size: number, least: number) => Math.max(size, least / brush.camera.k);

/** Card backgrounds and borders, batched: plain, stale (dashed) and failed. */
function boxes(brush: Brush, radius: number) {
  const { ctx, scene, palette, camera } = brush;
  const px = 1 / camera.k;
  for (const dim of [true, false]) {
    const list = brush.visible.filter((i) => (alphaOf(brush, i) === dimmed) === dim);
    const path = (keep: (i: number) => boolean) => {
      ctx.beginPath();
      for (const i of list) {
        if (!keep(i)) continue;
        const box = cardBox(scene.graph, i);
        roundedBox(ctx, box.x, box.y, box.width, box.height, radius);
      }
    };
    ctx.globalAlpha = 1;
    path(() => true);
    ctx.fillStyle = palette.surface;
    ctx.fill();
    ctx.globalAlpha = dim ? dimmed : 1;
    const failed = (i: number) => scene.nodes.state[i] === stateIndex.failed;
    const stale = (i: number) => scene.nodes.stale[i] === 1 && !failed(i);
    const draw = (keep: (i: number) => boolean, colour: string, width: number, dash: number[]) => {
      path(keep);
      ctx.strokeStyle = colour;
      ctx.lineWidth = width * px;
      ctx.setLineDash(dash.map((d) => d * px));
      ctx.stroke();
    };
    draw((i) => !failed(i) && !stale(i), palette.border, 1, []);
    draw(stale, palette.stale, 1.25, [5, 3]);
    draw(failed, palette.failed, 1.5, []);
    ctx.setLineDash([]);
  }
}

/** Right to left: time, freshness, checks. Returns where they begin. */
function signs(brush: Brush, i: number, right: number, y: number): number {
  const { ctx, scene, palette } = brush;
  const note = scene.notes(i);
  let x = right;
  if (note) {
    ctx.font = `${readable(brush, 11, 10.5)}px ${palette.font}`;
    ctx.textAlign = "right";
    ctx.fillStyle = scene.nodes.violated[i] ? palette.failed : palette.dim;
    ctx.fillText(note, x, y);
    x -= ctx.measureText(note).width + 10;
    ctx.textAlign = "left";
  }
  const checks = scene.nodes.checks[i]!;
  if (checks > 0) {
    ctx.fillStyle = [palette.dim, palette.ok, palette.warn, palette.failed][checks]!;
    ctx.beginPath();
    if (checks === 1) ctx.arc(x - 4, y, 3.2, 0, Math.PI * 2);
    else if (checks === 2) triangle(ctx, x - 4, y, 4.6);
    else ctx.rect(x - 7.2, y - 3.2, 6.4, 6.4);
    ctx.fill();
    x -= 14;
  }
  return x;
}

function triangle(ctx: CanvasRenderingContext2D, x: number, y: number, r: number) {
  ctx.moveTo(x, y - r);
  ctx.lineTo(x + r * 0.95, y + r * 0.75);
  ctx.lineTo(x - r * 0.95, y + r * 0.75);
  ctx.closePath();
}

function badges(brush: Brush, kinds: string[], left: number, y: number, right: number) {
  const { ctx, palette } = brush;
  ctx.font = `${readable(brush, 10.5, 10)}px ${palette.font}`;
  const half = readable(brush, 8.5, 8);
  let x = left;
  for (const kind of kinds) {
    const width = ctx.measureText(kind).width + 12;
    if (x + width > right) break;
    ctx.beginPath();
    roundedBox(ctx, x, y - half, width, 2 * half, 4);
    ctx.fillStyle = palette.region;
    ctx.fill();
    ctx.fillStyle = palette.dim;
    ctx.fillText(kind, x + 6, y + 0.5);
    x += width + 4;
  }
}

/** A ring of ink around what is selected, a quieter one around what is under the pointer. */
function outline(brush: Brush) {
  const { ctx, scene, camera, palette } = brush;
  for (const [i, width] of [[scene.hovered, 1.25], [scene.selected, 2]] as const) {
    if (i < 0) continue;
    const box = cardBox(scene.graph, i);
    const out = 2.5 / camera.k;
    ctx.beginPath();
    roundedBox(ctx, box.x - out, box.y - out, box.width + 2 * out, box.height + 2 * out, 8);
    ctx.strokeStyle = palette.ink;
    ctx.lineWidth = width / camera.k;
    ctx.stroke();
  }
}

import { toScreen } from "./camera";
import { ellipsis } from "./ellipsis";
import { roundedBox, type Brush } from "./paint";
import { stateIndex, type Health } from "./status";

// What the daemon's layout keeps around a group's cards, and above them for its name; world units.
const groupPadding = 20;
const titleStrip = 48;

/** Regions behind everything, in world units. */
export function paintGroupBack(brush: Brush) {
  const { ctx, scene, palette, camera } = brush;
  ctx.globalAlpha = brush.detail === "far" ? 1 : 0.6;
  ctx.fillStyle = palette.region;
  ctx.strokeStyle = palette.border;
  ctx.lineWidth = 1 / camera.k;
  for (const group of scene.graph.input.groups) {
    if (!onScreen(brush, group)) continue;
    ctx.beginPath();
    roundedBox(ctx, group.x, group.y, group.width, group.height, Math.min(14, 8 / camera.k));
    ctx.fill();
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

interface Box { x0: number; y0: number; x1: number; y1: number }

const overlaps = (a: Box, b: Box) => a.x0 < b.x1 && a.x1 > b.x0 && a.y0 < b.y1 && a.y1 > b.y0;

function screenBox({ camera, size }: Brush, { x, y, width, height }: { x: number; y: number; width: number; height: number }): Box {
  const at = toScreen(camera, size, x, y);
  return { x0: at.x, y0: at.y, x1: at.x + width * camera.k, y1: at.y + height * camera.k };
}

/** Labels of fixed size on the screen; far out with a health bar. */
export function paintGroupFront(brush: Brush) {
  const { ctx, scene, palette, camera, size } = brush;
  const font = `600 12px ${palette.font}`;
  const taken: Box[] = [];
  scene.graph.input.groups.forEach((group, g) => {
    if (!onScreen(brush, group)) return;
    const at = toScreen(camera, size, group.x, group.y);
    const width = group.width * camera.k;
    const far = brush.detail === "far";
    const room = Math.max(width, far ? 110 : 0);
    if (room < 36 && !brush.blocks) return;
    const height = group.height * camera.k;
    const place = brush.blocks ? { x0: at.x, y0: at.y, x1: at.x + width, y1: at.y + height } : far ? { x0: at.x, y0: at.y - 22, x1: at.x + room, y1: at.y } : { x0: at.x, y0: at.y, x1: at.x + width, y1: at.y + titleStrip * camera.k };
    if (taken.some((other) => overlaps(place, other))) return;
    taken.push(place);
    if (brush.blocks) return block(brush, g, font);
    ctx.font = font;
    ctx.textBaseline = "middle";
    ctx.fillStyle = palette.dim;
    // Near enough, the name stands in the strip that the layout keeps free for it; else above, with the health bar.
    const inset = far ? 2 : groupPadding * camera.k;
    const label = ellipsis(`${group.name}  ${group.nodes.length}`, room - 2 * inset, font, (t) => ctx.measureText(t).width);
    if (far && scene.graph.input.groups.some((other) => other !== group && overlaps(place, screenBox(brush, other)))) {
      // There is no room above it: a plate keeps the name apart from what it lies on.
      ctx.save();
      ctx.translate(at.x, at.y - 15);
      plate(brush, label);
      ctx.restore();
    } else ctx.fillText(label, at.x + inset, far ? at.y - 15 : at.y + (titleStrip * camera.k) / 2 + 1);
    if (far) healthBar(brush, scene.health[g]!, at.x, at.y - 6, Math.max(24, width));
  });
}

/** A group as one block: how its nodes are, as bands from the left, and its name on a plate. */
function block(brush: Brush, g: number, font: string) {
  const { ctx, scene, palette, camera, size } = brush;
  const group = scene.graph.input.groups[g]!;
  const health = scene.health[g]!;
  const at = toScreen(camera, size, group.x, group.y);
  const width = group.width * camera.k, height = group.height * camera.k;
  ctx.save();
  ctx.beginPath();
  roundedBox(ctx, at.x, at.y, width, height, 4);
  ctx.clip();
  ctx.fillStyle = palette.surface;
  ctx.fillRect(at.x, at.y, width, height);
  ctx.globalAlpha = scene.focus ? 0.12 : 0.4;
  bands(brush, health, at.x, at.y, width, height);
  ctx.restore();
  // A narrow block carries its name from bottom to top.
  const upright = width < 90 && height > width;
  ctx.font = font;
  const label = ellipsis(`${group.name}  ${group.nodes.length}`, (upright ? height : width) - 18, font, (t) => ctx.measureText(t).width);
  if (!label || Math.min(width, height) < 20) return;
  ctx.save();
  if (upright) {
    ctx.translate(at.x + width / 2, at.y + height - 4);
    ctx.rotate(-Math.PI / 2);
  } else ctx.translate(at.x + 4, at.y + Math.min(height / 2, 16));
  plate(brush, label);
  ctx.restore();
}

/** Text on a pale plate, beginning at the origin and centred on its line. */
function plate({ ctx, palette }: Brush, label: string) {
  ctx.textBaseline = "middle";
  ctx.fillStyle = palette.surface;
  ctx.globalAlpha = 0.86;
  ctx.beginPath();
  roundedBox(ctx, 0, -9, ctx.measureText(label).width + 10, 18, 4);
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.fillStyle = palette.text;
  ctx.fillText(label, 5, 0.5);
}

// Worst last, so that red ends the bar where the eye looks for it in every group.
const order = ["materialized", "external", "never", "materializing", "skipped", "failed"] as const;

const healthBar = (brush: Brush, health: Health, x: number, y: number, width: number) => bands(brush, health, x, y, width, 3);

function bands(brush: Brush, health: Health, x: number, y: number, width: number, height: number) {
  const { ctx, palette } = brush;
  let from = x;
  for (const state of order) {
    const n = health.counts[stateIndex[state]]!;
    if (n === 0) continue;
    const part = Math.max(2, (n / health.total) * width);
    ctx.fillStyle = palette.state[stateIndex[state]]!;
    ctx.fillRect(from, y, Math.min(part, x + width - from), height);
    from += part;
  }
}

function onScreen({ camera, size }: Brush, group: { x: number; y: number; width: number; height: number }): boolean {
  const a = toScreen(camera, size, group.x, group.y);
  const b = toScreen(camera, size, group.x + group.width, group.y + group.height);
  return b.x > 0 && a.x < size.width && b.y > 0 && a.y < size.height + 24;
}

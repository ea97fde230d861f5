import { cellX, cellY, type Heat } from "@/system/partitions/heat";
import type { Letter } from "./letters";

interface Picture {
  heat: Heat; letters: string; meanings: Letter[];
  /** Indices that are selected, and the one under the cursor, -1 for none. */
  selected: ReadonlySet<number>; cursor: number;
  /** A colour by the name of its variable. */
  colour: (variable: string) => string;
  font: string;
}

/** Draws all cells at once: one path for each kind, so that ten thousand of them take a few milliseconds. */
export function paintHeat(context: CanvasRenderingContext2D, picture: Picture, ratio: number) {
  const { heat, colour } = picture;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, heat.width, heat.height);
  const size = heat.pitch - (heat.pitch > 13 ? 3 : 2);
  for (const meaning of picture.meanings) paintKind(context, picture, meaning, size);
  context.font = picture.font;
  context.fillStyle = colour("--text-dim");
  context.textBaseline = "middle";
  for (const label of heat.labels) {
    context.textAlign = label.align;
    context.fillText(label.text, label.x, label.y);
  }
  context.strokeStyle = colour("--ink");
  context.lineWidth = 2;
  context.beginPath();
  for (const index of picture.selected) box(context, heat, index, size, -0.5);
  context.stroke();
  if (picture.cursor < 0) return;
  context.lineWidth = 1.5;
  context.beginPath();
  box(context, heat, picture.cursor, size, -2.25);
  context.stroke();
}

function box(context: CanvasRenderingContext2D, heat: Heat, index: number, size: number, inset: number) {
  context.roundRect(cellX(heat, index) + inset, cellY(heat, index) + inset, size - 2 * inset, size - 2 * inset, Math.min(3, size / 4));
}

function paintKind(context: CanvasRenderingContext2D, { heat, letters, colour }: Picture, { letter, shape, colour: tone }: Letter, size: number) {
  const each = (draw: (x: number, y: number) => void) => {
    for (let at = letters.indexOf(letter); at >= 0; at = letters.indexOf(letter, at + 1)) draw(cellX(heat, at), cellY(heat, at));
  };
  const round = Math.min(3, size / 4);
  context.fillStyle = context.strokeStyle = colour(tone);
  context.lineWidth = 1;
  context.beginPath();
  if (shape === "full" || shape === "cross") each((x, y) => context.roundRect(x, y, size, size, round));
  else each((x, y) => context.roundRect(x + 0.5, y + 0.5, size - 1, size - 1, round));
  if (shape === "full" || shape === "cross") context.fill();
  else context.stroke();
  context.beginPath();
  const in1 = size * 0.28, in2 = size - in1;
  if (shape === "half") {
    each((x, y) => context.rect(x + 1, y + size / 2, size - 2, size / 2 - 1));
    return context.fill();
  }
  if (shape === "dot") {
    each((x, y) => { context.moveTo(x + size / 2, y + size / 2); context.arc(x + size / 2, y + size / 2, size * 0.18, 0, 2 * Math.PI); });
    return context.fill();
  }
  if (shape === "cross") each((x, y) => { context.moveTo(x + in1, y + in1); context.lineTo(x + in2, y + in2); context.moveTo(x + in2, y + in1); context.lineTo(x + in1, y + in2); });
  if (shape === "slash") each((x, y) => { context.moveTo(x + in1, y + in2); context.lineTo(x + in2, y + in1); });
  if (shape === "bar") each((x, y) => { context.moveTo(x + in1, y + size / 2); context.lineTo(x + in2, y + size / 2); });
  context.lineWidth = Math.max(1.2, size / 8);
  if (shape === "cross") context.strokeStyle = colour("--bg");
  context.stroke();
}

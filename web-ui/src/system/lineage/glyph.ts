import { states, type NodeState } from "./status";

/** The state icons on a canvas: the same shapes as the page's, so that colour is never the only sign. */
export function paintGlyph(
  ctx: CanvasRenderingContext2D, state: number, x: number, y: number, r: number, colour: string, inside: string, spin: number,
) {
  ctx.save();
  ctx.translate(x, y);
  ctx.lineCap = "round";
  ctx.lineJoin = "round";
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineWidth = r * 0.28;
  shapes[states[state] ?? "never"](ctx, r, inside, spin);
  ctx.restore();
}

type Shape = (ctx: CanvasRenderingContext2D, r: number, inside: string, spin: number) => void;

const shapes: Record<NodeState, Shape> = {
  materialized(ctx, r, inside) {
    disc(ctx, r);
    ctx.strokeStyle = inside;
    line(ctx, [[-0.42, 0.02], [-0.1, 0.34], [0.46, -0.32]], r);
  },
  materializing(ctx, r, _inside, spin) {
    ctx.lineWidth = r * 0.34;
    ctx.globalAlpha *= 0.3;
    circle(ctx, r * 0.8, 0, Math.PI * 2);
    ctx.globalAlpha /= 0.3;
    circle(ctx, r * 0.8, spin - Math.PI / 2, spin + Math.PI * 0.35);
  },
  failed(ctx, r, inside) {
    ctx.beginPath();
    for (let i = 0; i < 8; i++) {
      const angle = Math.PI / 8 + (i * Math.PI) / 4;
      ctx.lineTo(Math.cos(angle) * r * 1.04, Math.sin(angle) * r * 1.04);
    }
    ctx.closePath();
    ctx.fill();
    ctx.strokeStyle = inside;
    line(ctx, [[-0.34, -0.34], [0.34, 0.34]], r);
    line(ctx, [[0.34, -0.34], [-0.34, 0.34]], r);
  },
  skipped(ctx, r) {
    circle(ctx, r * 0.84, 0, Math.PI * 2);
    line(ctx, [[-0.55, 0.55], [0.55, -0.55]], r);
  },
  never(ctx, r) {
    circle(ctx, r * 0.84, 0, Math.PI * 2);
  },
  external(ctx, r) {
    ctx.strokeRect(-r * 0.75, -r * 0.75, r * 1.5, r * 1.5);
  },
};

function disc(ctx: CanvasRenderingContext2D, r: number) {
  ctx.beginPath();
  ctx.arc(0, 0, r, 0, Math.PI * 2);
  ctx.fill();
}

function circle(ctx: CanvasRenderingContext2D, r: number, from: number, to: number) {
  ctx.beginPath();
  ctx.arc(0, 0, r, from, to);
  ctx.stroke();
}

function line(ctx: CanvasRenderingContext2D, points: [number, number][], r: number) {
  ctx.beginPath();
  for (const [x, y] of points) ctx.lineTo(x * r, y * r);
  ctx.stroke();
}

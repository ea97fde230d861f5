import { Fragment } from "react";
import type { AnsiSpan, AnsiStyle } from "@/system/ansi/parse";

const colour = (name: string | undefined) => (name === undefined ? undefined : name.startsWith("rgb") ? name : `var(--log-${name})`);

function css(style: AnsiStyle): React.CSSProperties {
  const fg = colour(style.fg);
  const bg = colour(style.bg);
  return {
    color: style.inverse ? bg ?? "var(--bg)" : bg && !fg ? "var(--bg)" : fg, backgroundColor: style.inverse ? fg ?? "var(--text)" : bg,
    fontWeight: style.bold ? 700 : undefined, fontStyle: style.italic ? "italic" : undefined, opacity: style.dim ? 0.75 : undefined,
    textDecoration: style.underline ? "underline" : undefined,
  };
}

/** Spans of a line; `find` is marked, within each span. */
export function AnsiLine({ spans, find }: { spans: AnsiSpan[]; find?: string }) {
  if (spans.length === 0) return <>{"\u200b"}</>;
  return <>{spans.map((span, i) => <span key={i} style={css(span.style)}>{find ? <Marked text={span.text} find={find} /> : span.text}</span>)}</>;
}

function Marked({ text, find }: { text: string; find: string }) {
  const lower = text.toLowerCase();
  const wanted = find.toLowerCase();
  const parts: React.ReactNode[] = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    parts.push(<Fragment key={from}>{text.slice(from, at)}<mark>{text.slice(at, at + wanted.length)}</mark></Fragment>);
    from = at + wanted.length;
  }
  return <>{parts}{text.slice(from)}</>;
}

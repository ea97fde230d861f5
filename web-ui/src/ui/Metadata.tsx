import { formatFullTime } from "@/system/time/format";
import type { Metadata } from "@/api/types";
import { CopyButton } from "./CopyButton";

interface Typed { type: string; raw_value: unknown }
const isTyped = (value: unknown): value is Typed =>
  typeof value === "object" && value !== null && "raw_value" in value && "type" in value;

/** The plain value of a metadata entry, typed or not. */
export const rawValue = (value: unknown): unknown => (isTyped(value) ? value.raw_value : value);

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 4 });

export function MetaValue({ value }: { value: unknown }) {
  const type = isTyped(value) ? value.type : undefined;
  const raw = rawValue(value);
  if (raw === null || raw === undefined) return <span className="faint">none</span>;
  if (typeof raw === "number") {
    if (type === "timestamp") return <span className="num">{formatFullTime(raw * 1000)}</span>;
    return <span className="num">{number.format(raw)}</span>;
  }
  if (typeof raw === "boolean") return <span>{raw ? "yes" : "no"}</span>;
  if (typeof raw === "string") return <TextValue text={raw} type={type} />;
  if (isSmall(raw)) return <span>{Object.entries(raw).map(([name, part], i) => <span key={name}>{i > 0 && ", "}<span className="dim">{name}</span> {String(part)}</span>)}</span>;
  return <pre className="code" tabIndex={0} style={{ maxHeight: 200 }}>{JSON.stringify(raw, null, 2)}</pre>;
}

/** A few plain values need no block of JSON. */
const isSmall = (value: unknown): value is Record<string, string | number | boolean> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0 && Object.keys(value).length <= 4
  && Object.values(value).every((part) => ["string", "number", "boolean"].includes(typeof part) && String(part).length <= 40);

function TextValue({ text, type }: { text: string; type?: string }) {
  // Only web addresses become links: a step must not be able to plant a javascript: one.
  if (type === "url" && /^https?:\/\//.test(text)) return <a className="link" href={text} target="_blank" rel="noreferrer" style={{ textDecoration: "underline" }}>{text}</a>;
  if (type === "path") return <span className="row tight"><span className="mono clip" title={text}>{text}</span><CopyButton text={text} label="Copy the path" /></span>;
  if (text.includes("\n")) return <pre className="code" tabIndex={0} style={{ maxHeight: 240 }}>{text}</pre>;
  return <span className={/^[0-9a-f]{24,}$/.test(text) ? "mono" : undefined}>{text}</span>;
}

// Source text that a step reports has its own place, the Definition tab.
const sources = new Set(["compiled_sql", "compiled_code", "sql", "raw_code"]);
/** The entries worth a line in a list. */
export const listed = (metadata: Metadata) => Object.entries(metadata).filter(([name]) => !sources.has(name));

export function MetadataList({ metadata }: { metadata: Metadata }) {
  return (
    <dl className="facts">
      {listed(metadata).map(([name, value]) => (
        <div key={name} style={{ display: "contents" }}>
          <dt className="clip" title={name}>{name}</dt>
          <dd><MetaValue value={value} /></dd>
        </div>
      ))}
    </dl>
  );
}

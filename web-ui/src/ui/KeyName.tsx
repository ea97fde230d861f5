import { splitName } from "@/system/names/split";

/**
 * A key on one line. A long one loses its middle, not its end: the end is what tells it from its neighbours.
 * `tail`: how much of the end, where that is known better than here.
 */
export function KeyName({ name, tail }: { name: string; tail?: number }) {
  const parts = splitName(name, tail);
  if (!parts) return <>{name}</>;
  return <span className="key-name" title={name}><span>{parts[0]}</span><span>{parts[1]}</span></span>;
}

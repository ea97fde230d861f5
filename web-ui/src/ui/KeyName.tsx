/** A key on one line. A long one loses its middle, not its end: the end is what tells it from its neighbours. */
export function KeyName({ name }: { name: string }) {
  if (name.length <= plain) return <>{name}</>;
  return <span className="key-name" title={name}><span>{name.slice(0, -tail)}</span><span>{name.slice(-tail)}</span></span>;
}

const plain = 32;
const tail = 14;

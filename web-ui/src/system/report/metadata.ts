/** What a person writes as metadata: one name=value a line, values as `assetctl report --metadata` reads them. */
export interface Written { metadata: Record<string, unknown>; error: string | null }

export function readMetadata(text: string): Written {
  const entries: [string, unknown][] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const equals = line.indexOf("=");
    const name = line.slice(0, Math.max(0, equals)).trim();
    if (name === "") return { metadata: {}, error: `Line ${i + 1} is not name=value` };
    entries.push([name, readValue(line.slice(equals + 1).trim())]);
  }
  // Not by assignment: a name like __proto__ is a name as any other.
  return { metadata: Object.fromEntries(entries), error: null };
}

/** What is JSON is taken as that, all else as text. */
function readValue(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    // An id of more digits than a number holds here would be sent as another one.
    return typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER ? text : value;
  } catch {
    return text;
  }
}

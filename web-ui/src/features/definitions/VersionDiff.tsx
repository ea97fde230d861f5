import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { definitionsDiffQuery } from "@/api/queries";
import type { DefinitionsDiff, DefinitionsVersion } from "@/api/types";
import { choices, comparedWith, outcome } from "@/system/definitions/versions";
import { formatTime } from "@/system/time/format";
import { Loaded, Waiting } from "@/ui/Loaded";
import { ChangeList } from "./ChangeList";

/** Whether the list goes on beyond what is read of it, and the way to more. */
export interface Older { more: boolean; busy: boolean; failed: boolean; read: () => void }
interface Props {
  versions: DefinitionsVersion[]; version: string; chosen: string | undefined; choose: (version: string | undefined) => void; older: Older;
}

/** What one version says otherwise than another: by default the one that served before it. */
export function VersionDiff({ versions, version, chosen, choose, older }: Props) {
  const against = comparedWith(versions, version, chosen, older.more);
  const { busy, failed, read } = older;
  const ask = against.kind === "ask" && !failed;
  // An address may name a version that is on none of the pages read so far.
  useEffect(() => {
    if (ask && !busy) read();
  }, [ask, busy, read]);
  return (
    <section className="definition-diff" aria-label="Comparison">
      <div className="definition-diff-head">
        <h3>Version <span className="num">{version}</span></h3>
        <Against versions={versions} version={version} other={against.kind === "version" ? against.version : undefined} choose={choose} />
      </div>
      {against.kind === "version" ? <Difference from={against.version} to={version} /> : against.kind === "ask" ? ask && <Waiting /> : <div className="dim">{NOTHING[against.kind]}</div>}
    </section>
  );
}

const NOTHING = {
  first: "It is the first version: nothing was before it.", forgotten: "What was before it is no longer kept.", unknown: "It is not among the versions that are kept.",
} as const;

function Against({ versions, version, other, choose }: Pick<Props, "versions" | "version" | "choose"> & { other: string | undefined }) {
  const others = choices(versions, version, other);
  if (others.length === 0) return null;
  const data = others.map((one) => ({ value: one.version, label: label(one) }));
  return (
    <label>compared with
      <NativeSelect size="xs" data={other === undefined ? [{ value: "", label: "nothing" }, ...data] : data} value={other ?? ""} onChange={(event) => choose(event.currentTarget.value || undefined)} />
    </label>
  );
}

function label(one: { version: string } & Partial<DefinitionsVersion>): string {
  const at = one.applied_at ? `, ${formatTime(Date.parse(one.applied_at))}` : "";
  return `version ${one.version}${at}${one.current ? ", serves" : ""}`;
}

function Difference({ from, to }: { from: string; to: string }) {
  const diff = useQuery(definitionsDiffQuery(from, to));
  return <Loaded query={diff}>{(data) => <Changes diff={data} />}</Loaded>;
}

function Changes({ diff }: { diff: DefinitionsDiff }) {
  if (diff.changes_total === 0) return <div className="dim">Nothing that the definitions say differs.</div>;
  return (
    <>
      <div className="dim" style={{ marginBottom: 10 }}>{outcome(diff.counts)}</div>
      <ChangeList changes={diff.changes} total={diff.changes_total} />
    </>
  );
}

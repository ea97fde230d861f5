import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { unwaiveCheck, waiveCheck } from "@/api/actions";
import { refreshAssets } from "@/api/refresh";
import type { Waiver } from "@/api/types";
import { waivedText } from "@/system/checks/waivers";
import { fromLocalInput, hoursAhead, toLocalInput, tomorrowAt } from "@/system/time/local";
import { useNow } from "./clock";
import { Dialog, ReasonField } from "./Dialog";
import { AssetLink, AssetPartitionLink } from "./links";
import { toastProblem } from "./Materialize";
import { At } from "./Time";

interface Failed {
  run: string; check: string; name: string;
  /** In which it failed; null: its result names none. */
  partition: string | null;
}

/** "Waive…": why, where and until when a failed check may pass. */
export function WaiveButton({ compact, ...failed }: Failed & { compact?: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button variant="default" size={compact ? "compact-xs" : undefined} onClick={() => setOpen(true)}>Waive…</Button>
      <Dialog opened={open} close={() => setOpen(false)} title="Let this failure pass">
        <WaiveForm {...failed} done={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

function WaiveForm({ run, check, name, partition, done }: Failed & { done: () => void }) {
  const client = useQueryClient();
  const now = useNow();
  const [reason, setReason] = useState("");
  const [end, setEnd] = useState("");
  const [only, setOnly] = useState(partition);  // somebody who comes from a partition knows of that one
  const until = fromLocalInput(end);
  const over = until !== null && until <= now;
  const waive = useMutation({
    mutationFn: () => waiveCheck({ run, check, key: name, partition: only, reason: reason.trim(), until }), onError: toastProblem("The check was not waived"),
    onSuccess: async () => {
      await refreshAssets(client);
      done();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    waive.mutate();
  };
  const ends: [string, string][] = [["24 hours", ""], ["2 hours", toLocalInput(hoursAhead(now, 2))], ["Tomorrow 08:00", toLocalInput(tomorrowAt(now, 8))], ["7 days", toLocalInput(hoursAhead(now, 168))]];
  const places: [string, string | null][] = partition === null ? [] : [[`Only in ${partition}`, partition], ["In all partitions", null]];
  return (
    <form className="column" style={{ gap: 14 }} onSubmit={submit}>
      <div><span className="mono">{check}</span> of <span className="strong">{name}</span>{only !== null && <> in partition <span className="mono">{only}</span></>} counts as a warning until then, or until it passes. <span className="dim">What has ended stays as it is: retry the run to go on past it. Everything below says that it was waived, by whom and why.</span></div>
      {places.length > 0 && (
        <div className="row wrap" style={{ gap: 2, marginLeft: -10 }} role="group" aria-label="Where">
          {places.map(([label, value]) => <button key={label} type="button" className="chip small" aria-pressed={only === value} data-on={only === value || undefined} onClick={() => setOnly(value)}>{label}</button>)}
        </div>
      )}
      <ReasonField placeholder="The supplier knows, a new file comes at nine" value={reason} set={setReason} />
      <div className="column" style={{ gap: 4 }}>
        <TextInput type="datetime-local" label="Until (without a time: for 24 hours)" value={end} onChange={(event) => setEnd(event.currentTarget.value)} min={toLocalInput(now)} error={over && "It must lie ahead"} />
        <div className="row wrap" style={{ gap: 2, marginLeft: -10 }} role="group" aria-label="Until">
          {ends.map(([label, value]) => <button key={label} type="button" className="chip small" aria-pressed={end === value} data-on={end === value || undefined} onClick={() => setEnd(value)}>{label}</button>)}
        </div>
      </div>
      <Button type="submit" loading={waive.isPending} disabled={reason.trim() === "" || over}>Let it pass as a warning</Button>
    </form>
  );
}

/** One waiver in a line; with its asset where it stands above. */
export function WaiverLine({ waiver, name }: { waiver: Waiver; name?: string }) {
  const client = useQueryClient();
  const end = useMutation({ mutationFn: () => unwaiveCheck(waiver.key ?? name ?? "", waiver.check, waiver.partition), onSuccess: () => refreshAssets(client), onError: toastProblem("The waiver was not ended") });
  return (
    <div className="row wrap" style={{ gap: "2px 8px", color: "var(--stale-text)" }}>
      <span style={{ overflowWrap: "anywhere" }}>Waived{waiver.key && <> above, at <AssetLink name={waiver.key} tab="checks" /></>}: <span className="mono">{waiver.check}</span>{waiver.partition !== null && <> in partition<AssetPartitionLink name={waiver.key ?? name ?? ""} partition={waiver.partition} /></>} by {waiver.by}, until <At at={waiver.until} />: {waiver.reason}</span>
      {!waiver.key && <Button size="compact-xs" variant="default" loading={end.isPending} aria-label={`End the waiver of ${waivedText(waiver)}`} onClick={() => end.mutate()}>End</Button>}
    </div>
  );
}

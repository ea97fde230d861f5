import { Button, TextInput, Tooltip } from "@mantine/core";
import { IconPlayerPauseFilled, IconPlayerPlayFilled, IconPlayerStopFilled, IconRefresh } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { commandBackfill, type BackfillVerb } from "@/api/actions";
import { keys } from "@/api/keys";
import type { Backfill } from "@/api/types";
import { Dialog } from "@/ui/Dialog";
import { toastProblem } from "@/ui/toasts";

const count = (n: number) => `${n.toLocaleString("en")} ${n === 1 ? "partition" : "partitions"}`;

interface Verb { verb: BackfillVerb; button: string; title: string; does: (one: Backfill) => string; submit: (one: Backfill) => string }
const left = ({ counts }: Backfill) => counts.failed + counts.skipped + counts.canceled;

const verbs: Record<BackfillVerb, Verb> = {
  pause: { verb: "pause", button: "Pause…", title: "Pause this backfill", does: (one) => `Nothing more of it begins until it is resumed; ${count(one.counts.waiting)} wait. Its runs under way go on.`, submit: () => "Pause it" },
  resume: { verb: "resume", button: "Resume", title: "Resume this backfill", does: () => "It goes on where it stopped.", submit: () => "Resume it" },
  cancel: { verb: "cancel", button: "Cancel…", title: "Cancel this backfill", does: (one) => `Its ${one.active_runs.length === 1 ? "run" : `${one.active_runs.length} runs`} under way are canceled, and ${count(one.counts.waiting)} do not begin. What is made stays.`, submit: () => "Cancel the backfill" },
  retry: { verb: "retry", button: "Retry…", title: "Retry this backfill", does: (one) => `What failed, was skipped or canceled is made once more: ${count(left(one))}.`, submit: (one) => `Retry ${count(left(one))}` },
};

/** Each asks why first, since others will see it; what can be done depends on how the backfill stands. */
export function BackfillActions({ backfill }: { backfill: Backfill }) {
  const [asking, setAsking] = useState<Verb | null>(null);
  const over = backfill.ended_at !== null;
  const pending = over && backfill.active_runs.length > 0;
  return (
    <>
      {backfill.status === "running" && <Button variant="default" leftSection={<IconPlayerPauseFilled size={12} />} onClick={() => setAsking(verbs.pause)}>Pause…</Button>}
      {backfill.status === "paused" && <Button data-first="" leftSection={<IconPlayerPlayFilled size={12} />} onClick={() => setAsking(verbs.resume)}>Resume…</Button>}
      {!over && <Button variant="default" leftSection={<IconPlayerStopFilled size={12} />} onClick={() => setAsking(verbs.cancel)}>Cancel…</Button>}
      {over && left(backfill) > 0 && (
        <Tooltip label={pending ? "Its last runs are still being ended" : `What failed, was skipped or canceled: ${count(left(backfill))}`}>
          <Button data-first="" leftSection={<IconRefresh size={14} />} disabled={pending} onClick={() => setAsking(verbs.retry)}>Retry {left(backfill).toLocaleString("en")}…</Button>
        </Tooltip>
      )}
      <Dialog opened={asking !== null} close={() => setAsking(null)} title={asking?.title}>
        {asking && <ReasonForm backfill={backfill} what={asking} done={() => setAsking(null)} />}
      </Dialog>
    </>
  );
}

function ReasonForm({ backfill, what, done }: { backfill: Backfill; what: Verb; done: () => void }) {
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const command = useMutation({
    mutationFn: () => commandBackfill(backfill.id, what.verb, reason.trim()), onError: toastProblem(`It was not done: ${what.title.toLowerCase()}`),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.backfills });
      done();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    command.mutate();
  };
  return (
    <form className="column" style={{ gap: 14 }} onSubmit={submit}>
      <div>{what.does(backfill)}</div>
      <TextInput label="Why? Others will see it (optional)." value={reason} maxLength={1000} onChange={(event) => setReason(event.currentTarget.value)} data-autofocus />
      <Button type="submit" loading={command.isPending}>{what.submit(backfill)}</Button>
    </form>
  );
}

import { Button, Popover, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { acknowledge, unacknowledge } from "@/api/actions";
import { refreshAssets } from "@/api/refresh";
import type { Acknowledgement } from "@/api/types";
import { toastProblem } from "./Materialize";
import { Ago } from "./Time";

const useRefresh = () => {
  const client = useQueryClient();
  return () => refreshAssets(client);
};

/** "Acknowledge": somebody looks after it, and alerts need not say it again until it is well. */
export function AcknowledgeButton({ name, compact }: { name: string; compact?: boolean }) {
  const refresh = useRefresh();
  const [open, setOpen] = useState(false);
  const [note, setNote] = useState("");
  const take = useMutation({
    mutationFn: () => acknowledge(name, note.trim()), onError: toastProblem("It was not acknowledged"),
    onSuccess: async () => {
      await refresh();
      setOpen(false);
    },
  });
  return (
    <Popover opened={open} onChange={setOpen} width={300} trapFocus shadow="sm" position="bottom-end" transitionProps={{ duration: 0 }}>
      <Popover.Target><Button variant="default" size={compact ? "compact-xs" : undefined} onClick={() => setOpen(!open)}>Acknowledge…</Button></Popover.Target>
      <Popover.Dropdown>
        <form className="column" style={{ gap: 8 }} onSubmit={(event) => { event.preventDefault(); take.mutate(); }}>
          <div className="dim small">You look after {name}. Alerts do not say it again until it is well.</div>
          <TextInput label="Note (optional)" placeholder="Asked the supplier" value={note} onChange={(event) => setNote(event.currentTarget.value)} maxLength={1000} data-autofocus />
          <Button type="submit" loading={take.isPending}>I look after it</Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

export function AcknowledgedLine({ name, taken }: { name: string; taken: Acknowledgement }) {
  const refresh = useRefresh();
  const drop = useMutation({ mutationFn: () => unacknowledge(name), onSuccess: refresh, onError: toastProblem("It is still acknowledged") });
  return (
    <div className="row wrap" style={{ gap: "2px 8px" }}>
      <span style={{ overflowWrap: "anywhere" }}><span className="strong">{taken.by}</span> looks after it, <Ago at={taken.at} />{taken.note && <>: {taken.note}</>}</span>
      <Button size="compact-xs" variant="default" loading={drop.isPending} aria-label={`Nobody looks after ${name} any more`} onClick={() => drop.mutate()}>Hand back</Button>
    </div>
  );
}

import { Button, NumberInput, Popover, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { resetPool, resizePool } from "@/api/actions";
import { keys } from "@/api/keys";
import type { Pool } from "@/api/types";
import { KeyName } from "@/ui/KeyName";
import { RunLink } from "@/ui/links";
import { toastProblem } from "@/ui/Materialize";
import { StateIcon } from "@/ui/StateIcon";
import { Ago, Duration } from "@/ui/Time";

export function PoolCard({ pool }: { pool: Pool }) {
  const full = pool.used >= pool.slots && pool.waiting > 0;
  return (
    <div className="panel pool">
      <div className="row"><span className="strong clip">{pool.name}</span><span className="spacer" /><span className="num">{pool.used} of {pool.slots} used</span><ResizeButton pool={pool} /></div>
      <div className="pool-slots" role="img" aria-label={`${pool.used} of ${pool.slots} slots used`}>
        {Array.from({ length: Math.min(pool.slots, 64) }, (_, i) => <i key={i} data-used={i < pool.used || undefined} />)}
      </div>
      {pool.resized && <div className="small">Set by {pool.resized.by} <Ago at={pool.resized.at} />, defined: {pool.defined_slots}{pool.resized.reason && <>. {pool.resized.reason}</>}</div>}
      <div className="small dim num">{pool.waiting === 0 ? "nothing waits for it" : `${pool.waiting} waiting`}{full && ", full"}</div>
      {pool.holders.slice(0, 5).map((holder) => (
        <div key={holder.attempt_id + holder.step} className="row small"><StateIcon state="running" size={12} /><RunLink id={holder.run_id} step={holder.step}><KeyName name={holder.step} /></RunLink><span className="dim"><RunLink id={holder.run_id} /></span><span className="spacer" /><span className="dim nowrap">{holder.slots > 1 && `${holder.slots} slots, `}for <Duration from={holder.since} /></span></div>
      ))}
      {pool.holders.length > 5 && <div className="small faint">and {pool.holders.length - 5} more</div>}
    </div>
  );
}

function ResizeButton({ pool }: { pool: Pool }) {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [slots, setSlots] = useState<number | string>(pool.slots);
  const [reason, setReason] = useState("");
  const done = () => {
    setOpen(false);
    for (const key of [keys.pools, keys.queue]) void client.invalidateQueries({ queryKey: key });
  };
  const resize = useMutation({ mutationFn: () => resizePool(pool.name, Number(slots), reason.trim()), onSuccess: done, onError: toastProblem("The pool was not resized") });
  const reset = useMutation({ mutationFn: () => resetPool(pool.name), onSuccess: done, onError: toastProblem("The pool was not reset") });
  return (
    <Popover opened={open} onChange={setOpen} width={300} trapFocus shadow="sm" position="bottom-end" transitionProps={{ duration: 0 }}>
      <Popover.Target><Button size="compact-xs" variant="default" aria-label={`Resize the pool ${pool.name}`} onClick={() => { setSlots(pool.slots); setOpen(!open); }}>Resize…</Button></Popover.Target>
      <Popover.Dropdown>
        <form className="column" style={{ gap: 8 }} onSubmit={(event) => { event.preventDefault(); resize.mutate(); }}>
          <NumberInput label={`Slots (defined: ${pool.defined_slots}; 0 starts nothing)`} value={slots} onChange={setSlots} allowDecimal={false} min={0} max={1_000_000} data-autofocus />
          <TextInput label="Why? Others will see it." placeholder="The card is needed elsewhere tonight" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
          <Button type="submit" loading={resize.isPending} disabled={slots === ""}>Resize {pool.name}</Button>
          {pool.resized && <Button variant="default" loading={reset.isPending} onClick={() => reset.mutate()}>Back to {pool.defined_slots} as defined</Button>}
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

import { Button, NumberInput, Popover } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { setPriority } from "@/api/actions";
import { keys } from "@/api/keys";
import type { Run } from "@/api/types";
import { toastProblem } from "@/ui/Materialize";

export function PriorityButton({ run }: { run: Run }) {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [priority, choose] = useState<number | string>(run.priority);
  const set = useMutation({
    mutationFn: () => setPriority(run.id, Number(priority)), onError: toastProblem("The priority was not changed"),
    onSuccess: () => {
      setOpen(false);
      for (const key of [keys.run(run.id), keys.queue]) void client.invalidateQueries({ queryKey: key });
    },
  });
  return (
    <Popover opened={open} onChange={setOpen} width={260} trapFocus shadow="sm" position="bottom-end" transitionProps={{ duration: 0 }}>
      <Popover.Target><Button variant="default" onClick={() => setOpen(!open)}>Priority…</Button></Popover.Target>
      <Popover.Dropdown>
        <form className="column" style={{ gap: 8 }} onSubmit={(event) => { event.preventDefault(); set.mutate(); }}>
          <NumberInput label="Priority: higher goes first" value={priority} onChange={choose} allowDecimal={false} min={-1_000_000} max={1_000_000} data-autofocus />
          <Button type="submit" loading={set.isPending} disabled={priority === ""}>Set for run {run.id}</Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

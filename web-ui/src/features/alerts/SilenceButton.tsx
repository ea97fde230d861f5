import { Button, Popover, Select, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { addSilence } from "@/api/actions";
import { keys } from "@/api/keys";
import { toastProblem } from "@/ui/Materialize";

const hour = 3_600_000;
const lengths = [
  { value: String(hour), label: "1 hour" }, { value: String(4 * hour), label: "4 hours" }, { value: String(24 * hour), label: "1 day" }, { value: String(168 * hour), label: "7 days" },
];

export function SilenceButton({ rules }: { rules: string[] }) {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [length, setLength] = useState(lengths[0]!.value);
  const [rule, setRule] = useState<string | null>(null);
  const [select, setSelect] = useState("");
  const [reason, setReason] = useState("");
  const add = useMutation({
    mutationFn: () => addSilence({ until: new Date(Date.now() + Number(length)).toISOString(), rule: rule ?? "", select: select.trim(), reason: reason.trim() }),
    onSuccess: () => {
      setOpen(false);
      void client.invalidateQueries({ queryKey: keys.silences });
    },
    onError: toastProblem("Nothing is silenced"),
  });
  return (
    <Popover opened={open} onChange={setOpen} width={320} trapFocus shadow="sm" position="bottom-end" transitionProps={{ duration: 0 }}>
      <Popover.Target><Button size="compact-xs" variant="default" onClick={() => setOpen(!open)}>Silence…</Button></Popover.Target>
      <Popover.Dropdown>
        <form className="column" style={{ gap: 8 }} onSubmit={(event) => { event.preventDefault(); add.mutate(); }}>
          <Select label="For" data={lengths} value={length} onChange={(value) => setLength(value ?? length)} allowDeselect={false} comboboxProps={{ withinPortal: false }} />
          <Select label="Rule" placeholder="every rule" data={rules} value={rule} onChange={setRule} clearable comboboxProps={{ withinPortal: false }} />
          <TextInput label="Assets" placeholder="every asset, or a selection: gold_customers+" value={select} onChange={(event) => setSelect(event.currentTarget.value)} />
          <TextInput label="Why? Others will see it." placeholder="The warehouse moves tonight" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
          <Button type="submit" loading={add.isPending}>Hold back alerts</Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

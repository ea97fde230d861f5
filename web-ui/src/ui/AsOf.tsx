import { Button, Popover, TextInput } from "@mantine/core";
import { IconHistory, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { formatTime } from "@/system/time/format";
import { fromLocalInput, toLocalInput } from "@/system/time/local";
import { useNow } from "./clock";

const hour = 3_600_000;
const ago = [["An hour ago", hour], ["Yesterday", 24 * hour], ["A week ago", 7 * 24 * hour]] as const;

/** Chooses a past moment; undefined is now. The moment is RFC 3339, as the address and the API have it. */
export function AsOf({ at, set }: { at: string | undefined; set: (at: string | undefined) => void }) {
  const now = useNow();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const take = (moment: number) => {
    setOpen(false);
    set(new Date(moment).toISOString());
  };
  const chosen = fromLocalInput(text);
  return (
    <span className="row" style={{ gap: 4 }}>
      <Popover opened={open} onChange={setOpen} width={260} trapFocus shadow="sm" position="bottom-start" transitionProps={{ duration: 0 }}>
        <Popover.Target>
          <Button variant="default" data-past={at ? "" : undefined} className="as-of" leftSection={<IconHistory size={14} />} onClick={() => { setText(toLocalInput(at ? Date.parse(at) : now - hour)); setOpen(!open); }} aria-label={at ? `As of ${formatTime(Date.parse(at))}; another moment` : "Show a past moment"}>
            {at ? `As of ${formatTime(Date.parse(at))}` : "As of now"}
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <form className="column" style={{ gap: 8 }} onSubmit={(event) => { event.preventDefault(); if (chosen !== null) take(chosen); }}>
            <TextInput type="datetime-local" label="As it was at" value={text} onChange={(event) => setText(event.currentTarget.value)} max={toLocalInput(now)} data-autofocus />
            <Button type="submit" disabled={chosen === null || chosen > now}>Show it</Button>
            {ago.map(([label, before]) => <Button key={label} variant="default" onClick={() => take(now - before)}>{label}</Button>)}
          </form>
        </Popover.Dropdown>
      </Popover>
      {at && <Button variant="default" px={8} aria-label="Back to now" onClick={() => set(undefined)}><IconX size={14} /></Button>}
    </span>
  );
}

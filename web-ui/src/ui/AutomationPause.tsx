import { Button, TextInput, Tooltip } from "@mantine/core";
import { IconPlayerPauseFilled, IconPlayerPlayFilled } from "@tabler/icons-react";
import { useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { pauseAutomation, resumeAutomation } from "@/api/actions";
import { keys } from "@/api/keys";
import type { AutomationPause } from "@/api/types";
import { fromLocalInput, hoursAhead, toLocalInput, tomorrowAt } from "@/system/time/local";
import { useNow } from "./clock";
import { Dialog, ReasonField } from "./Dialog";
import { toastProblem } from "./Materialize";
import { Ago, At } from "./Time";

/** The key of an asset, or null: all assets and schedules. */
interface Whose { name: string | null }

/** Who acted sees it at once, also where the stream is late. */
const refresh = (client: QueryClient) => Promise.all([keys.automation, keys.project, keys.overview, keys.triggers].map((queryKey) => client.invalidateQueries({ queryKey })));

/** Who, since when, until when; the reason stands after it where there is room. */
export function PausedBy({ pause }: { pause: AutomationPause }) {
  return <>by <span className="strong">{pause.by}</span> <Ago at={pause.at} />{pause.until ? <>, until <At at={pause.until} /></> : ", until it is resumed"}</>;
}

/** Asks why and until when, and says what it will do, before it does it. For all of it: the red button; for one asset: its mute. */
export function PauseButton({ name }: Whose) {
  const [open, setOpen] = useState(false);
  const all = name === null;
  return (
    <>
      <Button variant="default" className={all ? "red-outline" : undefined} leftSection={<IconPlayerPauseFilled size={12} />} onClick={() => setOpen(true)}>{all ? "Pause everything…" : "Mute…"}</Button>
      <Dialog opened={open} close={() => setOpen(false)} title={all ? "Pause all automation and schedules" : "Mute this asset"}>
        <PauseForm name={name} done={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

function PauseForm({ name, done }: Whose & { done: () => void }) {
  const client = useQueryClient();
  const now = useNow();
  const [reason, setReason] = useState("");
  const [end, setEnd] = useState("");
  const until = fromLocalInput(end);
  const over = until !== null && until <= now;
  const pause = useMutation({
    mutationFn: () => pauseAutomation(name, reason.trim(), until), onError: toastProblem(name === null ? "Automation was not paused" : "The asset was not muted"),
    onSuccess: async () => {
      await refresh(client);
      done();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    pause.mutate();
  };
  return (
    <form className="column" style={{ gap: 14 }} onSubmit={submit}>
      {name === null
        ? <div>Neither automation nor schedules nor sensors start anything until they are resumed. <span className="dim">Runs under way go on, and people can still start runs. A banner on every page says who paused it and why.</span></div>
        : <div>Automation, schedules and sensors leave <span className="strong">{name}</span> out until the mute ends. <span className="dim">Runs under way go on, and people can still materialize it. What is below it is made as before. A condition that is true when the mute ends asks for it then; ticks are not made up for.</span></div>}
      <ReasonField placeholder={name === null ? "The warehouse is moving" : "Its source is being repaired"} value={reason} set={setReason} />
      <EndField now={now} end={end} setEnd={setEnd} over={over} />
      <Button type="submit" className={name === null ? "red" : undefined} loading={pause.isPending} disabled={reason.trim() === "" || over}>{name === null ? "Pause all automation and schedules" : "Mute it"}</Button>
    </form>
  );
}

function EndField({ now, end, setEnd, over }: { now: number; end: string; setEnd: (end: string) => void; over: boolean }) {
  const ends: [string, string][] = [
    ["Never", ""], ["1 hour", toLocalInput(hoursAhead(now, 1))], ["8 hours", toLocalInput(hoursAhead(now, 8))], ["Tomorrow 08:00", toLocalInput(tomorrowAt(now, 8))],
  ];
  return (
    <div className="column" style={{ gap: 4 }}>
      <TextInput type="datetime-local" label="Ends by itself (optional)" value={end} onChange={(event) => setEnd(event.currentTarget.value)} min={toLocalInput(now)} error={over && "It must lie ahead"} />
      <div className="row wrap" style={{ gap: 2, marginLeft: -10 }} role="group" aria-label="Ends by itself">
        {ends.map(([label, value]) => <button key={label} type="button" className="chip small" aria-pressed={end === value} data-on={end === value || undefined} onClick={() => setEnd(value)}>{label}</button>)}
      </div>
    </div>
  );
}

export function ResumeButton({ name, children = name === null ? "Resume" : "Unmute" }: Whose & { children?: string }) {
  const client = useQueryClient();
  const resume = useMutation({ mutationFn: () => resumeAutomation(name), onSuccess: () => refresh(client), onError: toastProblem(name === null ? "Automation was not resumed" : "The mute was not ended") });
  return (
    <Tooltip label={name === null ? "Automation, schedules and sensors start runs again; what is due is asked for at once" : "Automation, schedules and sensors make it again; if its condition is true, it is asked for at once"}>
      <Button variant="default" leftSection={<IconPlayerPlayFilled size={12} />} loading={resume.isPending} onClick={() => resume.mutate()}>{children}</Button>
    </Tooltip>
  );
}

/** Muted, held back, due or waiting, for icon and word. */
export const automationState = (one: { holds: boolean; held: string | null; paused: AutomationPause | null }) => (one.paused ? "muted" : one.held ? "held" : one.holds ? "due" : "waits");

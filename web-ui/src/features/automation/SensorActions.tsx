import { Button, Popover, TextInput } from "@mantine/core";
import { IconEye, IconPlayerPauseFilled, IconPlayerPlayFilled } from "@tabler/icons-react";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { dryRunSensor, pauseSensor, resumeSensor, triggerSensor } from "@/api/actions";
import { keys } from "@/api/keys";
import type { Sensor, SensorDryRun } from "@/api/types";
import { Dialog } from "@/ui/Dialog";
import { RunLink } from "@/ui/links";
import { toastProblem } from "@/ui/Materialize";
import { StateIcon } from "@/ui/StateIcon";

export function SensorActions({ sensor }: { sensor: Sensor }) {
  const client = useQueryClient();
  const done = () => client.invalidateQueries({ queryKey: keys.sensors });
  const resume = useMutation({ mutationFn: () => resumeSensor(sensor.name), onSuccess: done, onError: toastProblem("The sensor was not resumed") });
  const trigger = useMutation({
    mutationFn: () => triggerSensor(sensor.name), onError: toastProblem("The sensor was not evaluated"),
    onSuccess: (tick) => {
      void done();
      const [first] = tick.run_ids;
      notifications.show({ message: first ? <>It fired: run <RunLink id={first} />{tick.run_ids.length > 1 && ` and ${tick.run_ids.length - 1} more`}</> : tick.reason ?? "Nothing was found" });
    },
  });
  return (
    <>
      {sensor.paused ? <Button variant="default" loading={resume.isPending} onClick={() => resume.mutate()}>Resume</Button> : <PauseSensor name={sensor.name} done={done} />}
      {sensor.kind !== "webhook" && <DryRun name={sensor.name} />}
      {sensor.kind !== "webhook" && <Button leftSection={<IconPlayerPlayFilled size={12} />} loading={trigger.isPending} onClick={() => trigger.mutate()}>Evaluate now</Button>}
    </>
  );
}

function PauseSensor({ name, done }: { name: string; done: () => void }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const pause = useMutation({
    mutationFn: () => pauseSensor(name, reason.trim()), onError: toastProblem("The sensor was not paused"),
    onSuccess: () => {
      setOpen(false);
      done();
    },
  });
  return (
    <Popover opened={open} onChange={setOpen} width={300} trapFocus shadow="sm" position="bottom-end" transitionProps={{ duration: 0 }}>
      <Popover.Target><Button variant="default" leftSection={<IconPlayerPauseFilled size={12} />} onClick={() => setOpen(!open)}>Pause…</Button></Popover.Target>
      <Popover.Dropdown>
        <form className="column" style={{ gap: 8 }} onSubmit={(event) => { event.preventDefault(); pause.mutate(); }}>
          <TextInput label="Why? Others will see it." placeholder="The supplier moves its files today" value={reason} onChange={(event) => setReason(event.currentTarget.value)} maxLength={1000} data-autofocus />
          <Button type="submit" loading={pause.isPending}>Pause {name}</Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

function DryRun({ name }: { name: string }) {
  const [found, setFound] = useState<SensorDryRun | null>(null);
  const look = useMutation({ mutationFn: () => dryRunSensor(name), onSuccess: setFound, onError: toastProblem("The dry run did not come about") });
  return (
    <>
      <Button variant="default" leftSection={<IconEye size={14} />} loading={look.isPending} onClick={() => look.mutate()}>Dry run</Button>
      <Dialog opened={found !== null} close={() => setFound(null)} title={`What ${name} would do now`} size={640}>
        {found && <Found found={found} />}
      </Dialog>
    </>
  );
}

const words: Record<SensorDryRun["outcome"], [string, string]> = { fired: ["succeeded", "It would fire."], skipped: ["waits", "It would ask for nothing."], failed: ["failed", "It would fail."] };

function Found({ found }: { found: SensorDryRun }) {
  const [icon, sentence] = words[found.outcome];
  return (
    <div className="column" style={{ gap: 12 }}>
      <div className="row"><StateIcon state={icon} size={16} /><span><span className="strong">{sentence}</span> <span className="dim">{found.reason}</span></span></div>
      {found.requests.slice(0, 20).map((request, i) => (
        <div key={i} className="panel" style={{ padding: "8px 12px" }}>
          <div className="row wrap"><span className="mono">{request.select}</span><span className="dim">{request.steps_total === null ? request.error : `${request.steps_total} ${request.steps_total === 1 ? "step" : "steps"}`}{request.key && `, key ${request.key}`}{request.known && ", asked for before: makes no run"}</span></div>
          <pre className="dim small" style={{ margin: "4px 0 0", whiteSpace: "pre-wrap", overflowWrap: "anywhere", maxHeight: 140, overflow: "auto" }} tabIndex={0}>{JSON.stringify(request.data, null, 1)}</pre>
        </div>
      ))}
      {found.requests.length > 20 && <div className="dim">and {found.requests.length - 20} more</div>}
      <div className="dim">Cursor: <span className="mono">{found.cursor_before ?? "none"}</span>{found.cursor_after !== found.cursor_before && <> → <span className="mono">{found.cursor_after}</span></>}. Nothing was changed.</div>
      {found.log && <pre className="panel small" style={{ padding: "8px 12px", margin: 0, overflow: "auto", maxHeight: 140 }} tabIndex={0}>{found.log}</pre>}
    </div>
  );
}

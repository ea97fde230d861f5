import { Button, NumberInput, Popover, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useState } from "react";
import type { Forecast } from "@/api/types";
import { summarize, withSupposition } from "@/system/forecast/model";
import { formatDuration, formatTime } from "@/system/time/format";

export type Pairs = [string, string][];

interface Props { forecast: Forecast | undefined; pools: Pairs; speed: Pairs; set: (pools: Pairs, speed: Pairs) => void }

/** Other sizes of pools and other speeds of assets, for this forecast alone. */
export function WhatIfButton({ forecast, pools, speed, set }: Props) {
  const [open, setOpen] = useState(false);
  const [key, setKey] = useState("");
  const [factor, setFactor] = useState<number | string>(2);
  return (
    <Popover opened={open} onChange={setOpen} width={320} trapFocus shadow="sm" position="bottom-end" transitionProps={{ duration: 0 }}>
      <Popover.Target><Button variant="default" onClick={() => setOpen(!open)}>What if…</Button></Popover.Target>
      <Popover.Dropdown>
        <div className="column" style={{ gap: 10 }}>
          <div className="dim small">Nothing changes but this forecast.</div>
          {forecast?.pools.map((pool) => (
            <NumberInput
              key={pool.name} label={`Slots of ${pool.name} (now ${pool.slots_in_force})`} min={0} max={1_000_000} allowDecimal={false} value={pool.slots}
              onChange={(value) => value !== "" && value !== pool.slots && set(withSupposition(pools, pool.name, Number(value) === pool.slots_in_force ? "" : String(value)), speed)}
            />
          ))}
          <form className="column" style={{ gap: 6 }} onSubmit={(event) => { event.preventDefault(); if (key.trim() !== "" && factor !== "") set(pools, withSupposition(speed, key.trim(), Number(factor) === 1 ? "" : String(factor))); }}>
            <TextInput label="An asset" placeholder="its key" value={key} onChange={(event) => setKey(event.currentTarget.value)} />
            <NumberInput label="times as fast" min={0.001} max={1000} value={factor} onChange={setFactor} />
            <Button type="submit" disabled={key.trim() === "" || factor === ""}>Suppose it</Button>
          </form>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

/** What is supposed, each with a way out, and what it changes against how things are. */
export function Supposed({ forecast, base, pools, speed, set }: Props & { base: Forecast | undefined }) {
  if (pools.length + speed.length === 0) return null;
  return (
    <div className="notice supposed" role="status">
      <div className="grow">
        <div className="row wrap" style={{ gap: 8 }}>
          <span className="strong">What if:</span>
          {pools.map(([name, value]) => <button key={name} type="button" className="tag" aria-label={`No longer suppose ${value} slots in ${name}`} onClick={() => set(withSupposition(pools, name, ""), speed)}>{name}: {value} slots <IconX size={11} aria-hidden /></button>)}
          {speed.map(([key, value]) => <button key={key} type="button" className="tag" aria-label={`No longer suppose another speed of ${key}`} onClick={() => set(pools, withSupposition(speed, key, ""))}>{key}: {value} times as fast <IconX size={11} aria-hidden /></button>)}
        </div>
        <div style={{ minHeight: 20 }}>{forecast && base && <Difference forecast={forecast} base={base} />}</div>
      </div>
    </div>
  );
}

function Difference({ forecast, base }: { forecast: Forecast; base: Forecast }) {
  const then = summarize(forecast), now = summarize(base);
  const parts: string[] = [];
  if (then.lastEnd !== null && now.lastEnd !== null && then.unfinished === now.unfinished) {
    const by = Math.abs(then.lastEnd - now.lastEnd);
    if (by >= 1000) parts.push(`the last run ends ${formatDuration(by)} ${then.lastEnd < now.lastEnd ? "earlier" : "later"}, at ${formatTime(then.lastEnd)}`);
  }
  if (then.unfinished !== now.unfinished) parts.push(`runs that do not end in time: ${then.unfinished} instead of ${now.unfinished}`);
  if (Math.abs(then.waitedMs - now.waitedMs) >= 1000) parts.push(`steps wait ${formatDuration(then.waitedMs)} for pools instead of ${formatDuration(now.waitedMs)}`);
  if (then.violations !== now.violations) parts.push(`data too old: ${then.violations} times instead of ${now.violations}`);
  if (then.missed !== now.missed) parts.push(`ticks without a run: ${then.missed} instead of ${now.missed}`);
  return <div className="dim">{parts.length === 0 ? "It would change nothing that counts." : `Then ${parts.join("; ")}.`}</div>;
}

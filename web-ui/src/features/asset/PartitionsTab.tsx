import { Button } from "@mantine/core";
import { IconHistory, IconPlayerPlayFilled } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { partitionMapQuery } from "@/api/queries";
import type { AssetDetail, PartitionMap } from "@/api/types";
import { dynamicSets, formOf, formText, type Form } from "@/system/partitions/form";
import { choiceOf, countLetters, indicesOf, overlay, spanOf, type Span } from "@/system/partitions/range";
import { quoted } from "@/system/selection/complete";
import { Empty } from "@/ui/Empty";
import { HeatLegend, HeatMap } from "@/ui/heat/HeatMap";
import { assetMapLetters } from "@/ui/heat/letters";
import { keyToPath } from "@/ui/links";
import { Loaded } from "@/ui/Loaded";
import { PartitionsDialog, type PartitionsAsked } from "@/ui/PartitionsDialog";
import { DynamicKeys } from "./DynamicKeys";
import { PartitionList } from "./PartitionList";
import { PartitionWhy } from "./PartitionWhy";
import "./partitions.css";

const route = getRouteApi("/assets/$key");

/** How an asset's partitions stand, and what to do about them. */
export function PartitionsTab({ asset }: { asset: AssetDetail }) {
  const map = useQuery(partitionMapQuery(asset.key));
  if (!asset.partitions) return <Empty title="Not divided" code={"    partitions: {daily: {start: 2026-01-01}}\n"}>It is made as a whole. Divided into partitions, each day (or hour, region, customer) is made, fails and is made again by itself.</Empty>;
  return <Loaded query={map}>{(data) => <Body asset={asset} map={data} />}</Loaded>;
}

/** Of a partition that is about to be made again. */
const stoodBefore: Record<string, string> = { m: ", materialized before", f: ", failed before" };
const isUnderWay = (letter: string | undefined) => letter === "r" || letter === "q";

const number = (n: number) => n.toLocaleString("en");

function Body({ asset, map }: { asset: AssetDetail; map: PartitionMap }) {
  const [asked, setAsked] = useState<PartitionsAsked | null>(null);
  const of = map.partitions ?? asset.partitions!.of;
  const form = useStable(useMemo(() => formOf(of), [of]));
  const keys = useStable(map.keys);
  const [span, setSpan] = useSpan(asset.key, keys);
  const { counts } = map;
  const one = span && span.anchor === span.head ? keys[span.anchor] : undefined;
  const letters = useMemo(() => overlay(map.status, map.under_way, map.checks), [map.status, map.under_way, map.checks]);
  const more = (index: number) => (isUnderWay(letters[index]) ? stoodBefore[map.status[index]!] ?? "" : "") + (map.checks[index] === "f" && letters[index] !== "c" ? ", a check failed" : "");
  return (
    <div className="partitions">
      <div className="row wrap" style={{ gap: "8px 16px", minHeight: 30, marginBottom: 8 }}>
        <div className="grow" style={{ flexBasis: 280 }}>
          <span className="strong num">{number(counts.materialized)} of {number(counts.total)}</span> materialized <span className="dim">· {formText(of)}{map.keys.length < counts.total && <>, the last {number(map.keys.length)} are shown</>}</span>
          <div style={{ marginTop: 2 }}><HeatLegend meanings={assetMapLetters} counts={{ m: counts.materialized, f: counts.failed, "-": counts.missing, c: counts.check_failed, r: map.under_way_counts.running, q: map.under_way_counts.queued }} /></div>
        </div>
        <Button variant="default" disabled={counts.failed === 0} onClick={() => setAsked({ which: "failed", how: "backfill" })}>Backfill failed ({number(counts.failed)})…</Button>
        <Button variant="default" disabled={counts.missing === 0} onClick={() => setAsked({ which: "missing", how: "backfill" })}>Backfill missing ({number(counts.missing)})…</Button>
      </div>
      {map.keys.length === 0 ? <NothingYet of={of} />
        : <HeatMap label={`Partitions of ${asset.key}`} form={form} keys={keys} letters={letters} meanings={assetMapLetters} note={more} span={span} onSelect={setSpan} />}
      {map.keys.length > 0 && <SelectionBar form={form} keys={keys} letters={map.status} span={span} ask={setAsked} clear={() => setSpan(null)} />}
      {one !== undefined && <PartitionWhy name={asset.key} partition={one} />}
      {dynamicSets(of).map((name) => <DynamicKeys key={name} name={name} />)}
      <PartitionList name={asset.key} counts={counts} />
      {asked && <PartitionsDialog key={JSON.stringify(asked)} select={quoted(asset.key)} single asked={asked} close={() => setAsked(null)} />}
    </div>
  );
}

function NothingYet({ of }: { of: Record<string, unknown> }) {
  const dynamic = dynamicSets(of).length > 0;
  return <div className="dim" style={{ padding: "12px 0" }}>{dynamic ? "There are no keys yet. Add some below; a step can add them as well while it runs." : "There is no partition yet: the first window of time has not ended."}</div>;
}

/** What is selected, and what can be done with it. Its place is kept while nothing is. */
function SelectionBar({ form, keys, letters, span, ask, clear }: { form: Form; keys: string[]; letters: string; span: Span | null; ask: (asked: PartitionsAsked) => void; clear: () => void }) {
  const indices = useMemo(() => indicesOf(form, keys, span), [form, keys, span]);
  if (indices.length === 0) return <div className="partitions-selection dim">Click a partition to select it; shift and click, or a drag, selects up to there.</div>;
  const counts = countLetters(letters, indices);
  const choice = choiceOf(form, keys, indices);
  const chosen = indices.map((index) => keys[index]!);
  const asked = (how: PartitionsAsked["how"]): PartitionsAsked => ({
    how, which: Array.isArray(choice) ? "keys" : "range", ...(!Array.isArray(choice) && choice), keys: chosen, todo: indices.filter((index) => letters[index] !== "m").map((index) => keys[index]!),
  });
  const first = chosen[0]!, last = chosen.at(-1)!;
  const told = [["f", "failed"], ["-", "missing"], ["m", "materialized"]].filter(([letter]) => counts[letter!]).map(([letter, word]) => `${number(counts[letter!]!)} ${word}`);
  return (
    <div className="partitions-selection" data-on="">
      <div className="grow num" style={{ flexBasis: 200, overflowWrap: "anywhere" }}><span className="strong">{first === last ? first : `${first} … ${last}`}</span> <span className="dim">{indices.length > 1 && `${number(indices.length)} selected: `}{told.join(", ")}</span></div>
      <Button leftSection={<IconPlayerPlayFilled size={12} />} onClick={() => ask(asked("run"))}>Materialize {indices.length > 1 && number(indices.length)}…</Button>
      <Button variant="default" leftSection={<IconHistory size={14} />} onClick={() => ask(asked("backfill"))}>Backfill {indices.length > 1 && number(indices.length)}…</Button>
      <button type="button" className="chip" onClick={clear}>Clear</button>
    </div>
  );
}

/** The selection, as the address has it. */
function useSpan(asset: string, keys: string[]): [Span | null, (span: Span | null) => void] {
  const { from, to } = route.useSearch();
  const navigate = useNavigate();
  const span = useMemo(() => spanOf(keys, from, to), [keys, from, to]);
  const set = useCallback((next: Span | null) => void navigate({
    to: "/assets/$key", params: { key: keyToPath(asset) }, search: (old) => ({ ...old, from: next ? keys[next.anchor] : undefined, to: next && next.head !== next.anchor ? keys[next.head] : undefined }), replace: true, resetScroll: false,
  }), [navigate, asset, keys]);
  return [span, set];
}

/** The same object while it says the same, so that a refresh that changes one letter does not lay ten thousand cells out anew. */
function useStable<T>(value: T): T {
  const [kept, setKept] = useState({ value, text: JSON.stringify(value) });
  if (kept.value === value) return kept.value;
  const text = JSON.stringify(value);
  const next = text === kept.text ? { value: kept.value, text } : { value, text };
  if (next.value !== kept.value) setKept(next);
  return next.value;
}


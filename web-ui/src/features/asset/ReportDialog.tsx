import { Button, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { reportMaterialization } from "@/api/actions";
import { refreshAssets } from "@/api/refresh";
import type { Asset } from "@/api/types";
import { readMetadata } from "@/system/report/metadata";
import { Dialog, ReasonField } from "@/ui/Dialog";
import { toastProblem } from "@/ui/Materialize";

type Whose = Pick<Asset, "key" | "external" | "partitions">;

/** Data that no run of ours made: who made it says so, and everything below follows. */
export function ReportDialog({ asset, selected, opened, close }: { asset: Whose; selected: string; opened: boolean; close: () => void }) {
  return <Dialog title={asset.external ? "Report new data" : "Report data made by hand"} opened={opened} close={close}><ReportForm asset={asset} selected={selected} done={close} /></Dialog>;
}

function ReportForm({ asset, selected, done }: { asset: Whose; selected: string; done: () => void }) {
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const [version, setVersion] = useState("");
  const [partition, setPartition] = useState(selected);
  const [lines, setLines] = useState("");
  // A line that is still being written is no mistake yet.
  const [left, setLeft] = useState(false);
  const { metadata, error } = readMetadata(lines);
  const report = useMutation({
    mutationFn: () => reportMaterialization(asset.key, { reason: reason.trim(), metadata, data_version: version.trim(), partition: partition.trim() }), onError: toastProblem("It was not reported"),
    onSuccess: async () => {
      await refreshAssets(client);
      done();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    report.mutate();
  };
  return (
    <form className="column" style={{ gap: 14 }} onSubmit={submit}>
      <div style={{ overflowWrap: "anywhere" }}><span className="strong">{asset.key}{partition.trim() && ` [${partition.trim()}]`}</span> counts as made anew, as of now. <span className="dim">Nothing is executed and nothing is checked. What is below follows as if a run had made it: it is stale, or made by its automation.{asset.partitions && partition.trim() === "" && " It counts for all partitions that there are."}</span></div>
      <ReasonField placeholder={asset.external ? "The supplier's file of today is in" : "Loaded by hand from the backup"} value={reason} set={setReason} />
      {asset.partitions && <TextInput label="Partition (empty: all that there are)" value={partition} onChange={(event) => setPartition(event.currentTarget.value)} maxLength={2100} spellCheck={false} />}
      <TextInput label="Data version (optional; the same as before makes nothing stale)" value={version} onChange={(event) => setVersion(event.currentTarget.value)} maxLength={1000} spellCheck={false} />
      <Textarea label="Metadata (optional), name=value, one a line" placeholder={"rows=812\nsource=backup"} rows={3} value={lines} onChange={(event) => setLines(event.currentTarget.value)} onFocus={() => setLeft(false)} onBlur={() => setLeft(true)} error={left && error} spellCheck={false} />
      <Button type="submit" loading={report.isPending} disabled={reason.trim() === "" || error !== null}>Report it as made</Button>
    </form>
  );
}

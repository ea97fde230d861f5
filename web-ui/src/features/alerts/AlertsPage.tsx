import { Button } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { notifications } from "@mantine/notifications";
import { useMemo } from "react";
import { endSilence, testAlert } from "@/api/actions";
import { keys } from "@/api/keys";
import { alertRulesQuery, alertsQuery, openLineageQuery, silencesQuery } from "@/api/queries";
import type { Alert, AlertRule, Silence } from "@/api/types";
import { SmallTable, type Column } from "@/ui/DataTable";
import { AssetLink, RunLink } from "@/ui/links";
import { Loaded, Problem, Waiting } from "@/ui/Loaded";
import { toastProblem } from "@/ui/Materialize";
import { PageHead } from "@/ui/Page";
import { StateIcon } from "@/ui/StateIcon";
import { Ago, Countdown } from "@/ui/Time";
import { SilenceButton } from "./SilenceButton";
import "./alerts.css";

const stateOf: Record<Alert["state"], string> = { pending: "queued", delivered: "succeeded", failed: "failed", silenced: "canceled" };

function Note({ alert }: { alert: Alert }) {
  return (
    <span className="dim" title={alert.last_error ?? undefined}>
      {alert.state === "pending" && alert.last_error && <>{alert.last_error}{alert.next_attempt_at && <>, again <Countdown to={alert.next_attempt_at} /></>}</>}
      {alert.state === "failed" && <>given up: {alert.last_error}</>}
      {alert.state === "delivered" && alert.last_error && <>delivered, but: {alert.last_error}</>}
      {alert.state === "silenced" && <>held back by silence {alert.silence}</>}
      {alert.repeats > 0 && <> came again {alert.repeats === 1 ? "once" : `${alert.repeats} times`}</>}
      {alert.resolved_at && <> mended <Ago at={alert.resolved_at} /></>}
    </span>
  );
}

/** All of it, over several lines where it must: this is what one came for. Narrow, what would be the note stands below. */
function What({ alert }: { alert: Alert }) {
  return (
    <div className="alert-what">
      {alert.asset ? <AssetLink name={alert.asset}>{alert.title}</AssetLink> : alert.title}
      <div className="phone-only dim small"><Ago at={alert.at} /> <Note alert={alert} /></div>
    </div>
  );
}

const columns: Column<Alert>[] = [
  { id: "at", header: "When", width: "84px", wide: true, cell: (alert) => <span className="dim"><Ago at={alert.at} /></span> },
  { id: "state", header: "Delivery", width: "96px", cell: (alert) => <span className="row"><StateIcon state={stateOf[alert.state]} />{alert.state}</span> },
  { id: "tries", header: "Tries", width: "50px", align: "right", wide: true, cell: (alert) => alert.attempts },
  { id: "rule", header: "Rule", width: "minmax(70px, 120px)", wide: true, cell: (alert) => alert.rule },
  { id: "what", header: "What", width: "minmax(90px, 3fr)", cell: (alert) => <What alert={alert} /> },
  { id: "run", header: "Run", width: "60px", wide: true, cell: (alert) => alert.run_id && <RunLink id={alert.run_id} /> },
  { id: "note", header: "Note", width: "minmax(120px, 2fr)", wide: true, cell: (alert) => <Note alert={alert} /> },
];

const ruleColumns: Column<AlertRule>[] = [
  { id: "name", header: "Rule", width: "minmax(64px, 160px)", cell: (rule) => <span className="strong">{rule.name}</span> },
  { id: "on", header: "Tells of", width: "minmax(90px, 2fr)", cell: (rule) => rule.receiver === "openlineage" ? "every step that begins or ends" : rule.on.join(", ").replaceAll("_", " ") },
  { id: "whom", header: "By", width: "90px", wide: true, cell: (rule) => rule.receiver },
  { id: "which", header: "Only", width: "minmax(100px, 2fr)", wide: true, cell: (rule) => <span className="dim">{[rule.select, ...rule.owners].filter(Boolean).join(", ") || "everything"}</span> },
  { id: "test", header: "", width: "90px", align: "right", cell: (rule) => rule.receiver !== "openlineage" && <TestButton rule={rule.name} /> },
];

const silenceColumns: Column<Silence>[] = [
  { id: "what", header: "Holds back", width: "minmax(90px, 2fr)", cell: (silence) => <span className="clip">{silence.rule ?? "every rule"}, {silence.select ?? "every asset"}</span> },
  { id: "until", header: "Ends", width: "84px", cell: (silence) => <Ago at={silence.until} /> },
  { id: "why", header: "Why", width: "minmax(100px, 2fr)", wide: true, cell: (silence) => <span className="dim">{silence.by}{silence.reason && `: ${silence.reason}`}</span> },
  { id: "end", header: "", width: "56px", align: "right", cell: (silence) => <EndButton id={silence.id} /> },
];

function TestButton({ rule }: { rule: string }) {
  const client = useQueryClient();
  const test = useMutation({
    mutationFn: () => testAlert(rule),
    onSuccess: () => {
      notifications.show({ message: `A test of ${rule} is on its way: the list below shows whether it arrives.` });
      void client.invalidateQueries({ queryKey: keys.alerts });
    },
    onError: toastProblem("No test was sent"),
  });
  return <Button size="compact-xs" variant="default" loading={test.isPending} aria-label={`Send a test of the rule ${rule}`} onClick={() => test.mutate()}>Send test</Button>;
}

function EndButton({ id }: { id: string }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => endSilence(id), onSuccess: () => void client.invalidateQueries({ queryKey: keys.silences }), onError: toastProblem("The silence was not ended"),
  });
  return <Button size="compact-xs" variant="default" loading={end.isPending} aria-label={`End the silence ${id}`} onClick={() => end.mutate()}>End</Button>;
}

/** Where the project tells OpenLineage: how that stands. */
function Lineage() {
  const { data } = useQuery(openLineageQuery);
  if (!data?.configured) return null;
  return (
    <section className="section" aria-label="OpenLineage">
      <h2>OpenLineage</h2>
      <div className="panel line">
        <StateIcon state={data.last_error ? "waiting_retry" : "succeeded"} />
        <span className="grow">{data.delivered.toLocaleString("en")} events delivered{data.last_delivered_at && <>, the last <Ago at={data.last_delivered_at} /></>}, {data.pending.toLocaleString("en")} waiting, {data.failed.toLocaleString("en")} given up{data.last_error && <span className="bad">: {data.last_error}</span>}</span>
      </div>
    </section>
  );
}

const howTo = "No rule yet. alerts: in assetd.yaml says whom to tell: {name: ops, on: [run_failed], webhook: \"${secret:OPS_WEBHOOK}\"}";

export function AlertsPage() {
  const alerts = useInfiniteQuery(alertsQuery);
  const rules = useQuery(alertRulesQuery);
  const silences = useQuery(silencesQuery);
  const lineage = useQuery(openLineageQuery);
  const waits = [alerts, rules, silences, lineage].some((query) => query.isPending);
  const rows = useMemo(() => alerts.data?.pages.flatMap((page) => page.items) ?? [], [alerts.data]);
  return (
    <div className="page scroll">
      <PageHead title="Alerts" name="Alerts"><div className="dim">Who was told what, once for each root cause, and whether it arrived.</div></PageHead>
      {/* All at once: a part that came later would push down what is read. */}
      {waits ? <Waiting /> : <div className="page-body">
        <section className="section">
          <h2>Alerts</h2>
          {alerts.error && !alerts.data ? <Problem error={alerts.error} retry={() => void alerts.refetch()} /> : (
            <div className="alerts"><SmallTable label="Alerts" columns={columns} rows={rows} rowId={(alert) => alert.id} empty="Nobody had to be told anything. What a rule tells is listed here, with how its delivery stands." /></div>
          )}
          {alerts.hasNextPage && <Button variant="default" size="compact-sm" loading={alerts.isFetchingNextPage} onClick={() => void alerts.fetchNextPage()}>Show older alerts</Button>}
        </section>
        <section className="section">
          <h2 className="row">Silences <SilenceButton rules={rules.data?.items.map((rule) => rule.name) ?? []} /></h2>
          <Loaded query={silences}>{(data) => <SmallTable label="Silences" columns={silenceColumns} rows={data.items} rowId={(silence) => silence.id} empty="Nothing is held back." />}</Loaded>
        </section>
        <Lineage />
        <section className="section">
          <h2>Rules</h2>
          <Loaded query={rules}>{(data) => <SmallTable label="Rules" columns={ruleColumns} rows={data.items} rowId={(rule) => rule.name} empty={howTo} />}</Loaded>
        </section>
      </div>}
    </div>
  );
}

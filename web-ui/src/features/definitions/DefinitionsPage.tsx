import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconRefresh } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { planDefinitions, reloadDefinitions } from "@/api/actions";
import { ApiError } from "@/api/client";
import { keys } from "@/api/keys";
import { definitionsQuery } from "@/api/queries";
import type { DefinitionProblem, Definitions, DefinitionsPlan } from "@/api/types";
import { SmallTable, type Column } from "@/ui/DataTable";
import { KeyName } from "@/ui/KeyName";
import { Loaded } from "@/ui/Loaded";
import { toastProblem } from "@/ui/Materialize";
import { PageHead } from "@/ui/Page";
import { StateIcon, StateLabel } from "@/ui/StateIcon";
import { Ago } from "@/ui/Time";
import { CopyButton } from "@/ui/CopyButton";
import { countsText, PlanSection } from "./PlanSection";
import { Versions } from "./Versions";

export function DefinitionsPage() {
  const definitions = useQuery(definitionsQuery);
  const client = useQueryClient();
  const plan = useMutation({
    mutationFn: planDefinitions,
    onError: (error) => {
      void client.invalidateQueries({ queryKey: keys.definitions });
      toastProblem("There is no plan")(error instanceof ApiError && error.status === 422 ? new ApiError(422, "The files do not load.", "The files do not load; assetctl plan prints why.") : error);
    },
  });
  const actions = <div className="row tight"><Button variant="default" loading={plan.isPending} onClick={() => plan.mutate()}>Plan</Button><Reload /></div>;
  return (
    <div className="page scroll">
      <PageHead title="Definitions" name="Definitions" actions={actions}><div className="definitions-summary">{definitions.data && <Summary data={definitions.data} plan={plan.data} />}</div></PageHead>
      <Loaded query={definitions}>{(data) => <Body data={data} plan={plan.data && <PlanSection plan={plan.data} onDone={plan.reset} />} onPlan={() => plan.mutate()} />}</Loaded>
    </div>
  );
}

const STATES = { current: "As in the files", checking: "The files are being read", pending: "The files have changed", broken: "The files do not load" } as const;
const ICONS = { current: "ok", checking: "running", pending: "warned", broken: "failed" } as const;

/** Without `--watch` it is the plan that finds out what the files say by now. */
function Summary({ data, plan }: { data: Definitions; plan: DefinitionsPlan | undefined }) {
  const differs = plan !== undefined && plan.changes_total > 0 && plan.base_version === data.version;
  const state = data.state === "current" && differs ? "pending" : data.state;
  return (
    <div className="row wrap dim" style={{ gap: "2px 16px" }}>
      <span className="state" style={{ color: "var(--text)" }}><StateIcon state={ICONS[state]} /><span className="strong">{STATES[state]}</span></span>
      <span className="num">version {data.version}</span>
      {data.applied_at && <span>applied <Ago at={data.applied_at} /></span>}
      <span className="num">{data.assets.toLocaleString("en")} assets, {data.checks.toLocaleString("en")} checks, {data.schedules} {data.schedules === 1 ? "schedule" : "schedules"}</span>
    </div>
  );
}

function Reload() {
  const client = useQueryClient();
  const reload = useMutation({
    mutationFn: reloadDefinitions,
    onSuccess: (data) => {
      client.setQueryData(keys.definitions, data);
      void client.invalidateQueries({ queryKey: keys.definitionVersions });
      notifications.show({ title: "Definitions loaded", message: `Version ${data.version}, ${data.assets} assets`, icon: <StateIcon state="ok" size={18} />, color: "transparent" });
    },
    onError: (error) => {
      void client.invalidateQueries({ queryKey: keys.definitions });
      toastProblem("The definitions did not load")(error instanceof ApiError && error.status === 422 ? new ApiError(422, "The last good version goes on serving.", "The last good version goes on serving.") : error);
    },
  });
  return <Button leftSection={<IconRefresh size={14} />} loading={reload.isPending} onClick={() => reload.mutate()}>Reload</Button>;
}

const importColumns: Column<Definitions["imports"][number]>[] = [
  { id: "status", header: "State", width: "76px", cell: (row) => <StateLabel state={row.status === "ok" ? "ok" : "failed"} /> },
  { id: "name", header: "Import", width: "minmax(60px, 1fr)", cell: (row) => <span className="strong">{row.name}</span> },
  { id: "plugin", header: "Plugin", width: "64px", cell: (row) => <span className="tag">{row.plugin}</span> },
  { id: "assets", header: "Assets", width: "56px", align: "right", cell: (row) => row.assets.toLocaleString("en") },
  { id: "at", header: "Described", width: "100px", align: "right", wide: true, cell: (row) => <span className="dim"><Ago at={row.at} /></span> },
  { id: "detail", header: "Detail", width: "minmax(60px, 2fr)", wide: true, cell: (row) => <span className={row.status === "ok" ? "dim" : "bad"} title={row.detail ?? ""}>{row.detail}</span> },
];
const sourceColumns: Column<Definitions["sources"][number] & { name: string }>[] = [
  { id: "file", header: "File", width: "minmax(120px, 1fr)", cell: (row) => <span className="mono" title={row.file}><KeyName name={row.name} tail={26} /></span> },
  { id: "size", header: "Bytes", width: "80px", align: "right", cell: (row) => <span className="dim">{row.size.toLocaleString("en")}</span> },
];

/** Paths as they read from the project's folder; its own come first. */
function named(sources: Definitions["sources"]) {
  const folder = sources.find((source) => source.file.endsWith("/assetd.yaml"))?.file.replace(/[^/]*$/, "") ?? "";
  const rows = sources.map((source) => ({ ...source, name: folder && source.file.startsWith(folder) ? source.file.slice(folder.length) : source.file }));
  return [...rows.filter((row) => row.name !== row.file), ...rows.filter((row) => row.name === row.file)];
}

function Body({ data, plan, onPlan }: { data: Definitions; plan: ReactNode; onPlan: () => void }) {
  return (
    <div className="page-body" style={{ maxWidth: 1100 }}>
      {plan}
      {!plan && data.pending && (
        <div className="notice warn" role="status">
          <StateIcon state="warned" size={16} />
          <div className="grow">Changed files wait to be applied: {countsText(data.pending.counts)}. Version {data.version} serves until then.</div>
          <Button size="xs" variant="default" onClick={onPlan}>Show the plan</Button>
        </div>
      )}
      {data.errors.length > 0 && (
        <section className="section">
          <h2>Errors <span className="count">{data.errors.length}</span></h2>
          <div className="dim" style={{ marginBottom: 8 }}>Version {data.version} goes on serving until these are mended.</div>
          <div className="column" style={{ gap: 10 }}>{data.errors.map((problem, i) => <ProblemCard key={i} problem={problem} state="failed" />)}</div>
        </section>
      )}
      {data.warnings.length > 0 && (
        <section className="section">
          <h2>Warnings <span className="count">{data.warnings.length}</span></h2>
          <div className="column" style={{ gap: 10 }}>{data.warnings.map((problem, i) => <ProblemCard key={i} problem={problem} state="warned" />)}</div>
        </section>
      )}
      <Versions />
      <section className="section"><h2>Imports</h2><SmallTable label="Imports" columns={importColumns} rows={data.imports} rowId={(row) => row.name} empty="No plugin describes assets here. An import of dbt or python brings its assets in." /></section>
      <section className="section"><h2>Files</h2><SmallTable label="Files" columns={sourceColumns} rows={named(data.sources)} rowId={(row) => row.file} empty="No file is known." /></section>
    </div>
  );
}

function ProblemCard({ problem, state }: { problem: DefinitionProblem; state: "failed" | "warned" }) {
  const at = problem.source && [problem.source.file, problem.source.line, problem.source.column].filter((part) => part !== undefined && part !== null).join(":");
  return (
    <div className={`notice ${state === "failed" ? "bad" : "warn"}`}>
      <StateIcon state={state} size={16} />
      <div className="grow">
        {at && <div className="row tight"><span className="mono dim">{at}</span><CopyButton text={at} label="Copy the place" /></div>}
        <div className="strong" style={{ overflowWrap: "anywhere" }}>{problem.message}</div>
        {problem.hint && <div className="dim">{problem.hint}</div>}
        {problem.excerpt && <pre className="code" tabIndex={0} aria-label="Place in the file" style={{ marginTop: 8 }}>{problem.excerpt}</pre>}
      </div>
    </div>
  );
}

import { useQuery } from "@tanstack/react-query";
import { poolsQuery, projectQuery, readinessQuery } from "@/api/queries";
import type { Project, Readiness } from "@/api/types";
import { localTimes } from "@/system/time/format";
import { Loaded } from "@/ui/Loaded";
import { PageHead } from "@/ui/Page";
import { StateIcon } from "@/ui/StateIcon";
import { Ago, At } from "@/ui/Time";
import { useLiveState } from "@/ui/live";

export function HealthPage() {
  const project = useQuery(projectQuery);
  const ready = useQuery(readinessQuery);
  return (
    <div className="page scroll">
      <PageHead title="Health" name="Health"><div className="dim">Whether the daemon can do its work, and why not.</div></PageHead>
      <div className="page-body" style={{ maxWidth: 860 }}>
        <section className="section"><h2>State</h2><Loaded query={ready}>{(data) => <Checks ready={data} project={project.data} />}</Loaded></section>
        <section className="section"><h2>Daemon</h2><Loaded query={project}>{(data) => <About project={data} />}</Loaded></section>
        <Pools />
      </div>
    </div>
  );
}

function Line({ state, what, children }: { state: string; what: string; children: React.ReactNode }) {
  return <div className="line"><StateIcon state={state} /><span className="strong health-what">{what}</span><span className="dim grow" style={{ padding: "6px 0", overflowWrap: "anywhere" }}>{children}</span></div>;
}

const inWords = (code: string) => code.charAt(0).toUpperCase() + code.slice(1).replaceAll("_", " ");

function Checks({ ready, project }: { ready: Readiness; project: Project | undefined }) {
  const live = useLiveState();
  const latched = project?.latched;
  return (
    <div className="panel">
      <Line state={ready.ready ? "ok" : "failed"} what="Ready">{ready.ready ? "It takes requests and starts steps." : "It does not do all of its work."}</Line>
      {/* The line of the store says it already. */}
      {ready.why?.filter((why) => !(latched && why.code === "latched")).map((why) => <Line key={why.code} state="failed" what={inWords(why.code)}>{localTimes(why.detail)}</Line>)}
      <Line state={latched ? "failed" : "ok"} what="Store">{latched ? <>A write was refused <Ago at={latched.since} />: {latched.why}. Nothing is started until that is mended.</> : "Writes are committed."}</Line>
      <Line state={live.kind === "live" ? "ok" : "warned"} what="Event stream">{live.kind === "live" ? "This page hears events as they happen." : <>Last heard from <Ago at={live.since} />.</>}</Line>
    </div>
  );
}

function About({ project }: { project: Project }) {
  return (
    <dl className="facts">
      <dt>Project</dt><dd>{project.name}{project.environment && `, ${project.environment}`}</dd>
      <dt>Version</dt><dd className="num">assetd {project.version}</dd>
      <dt>Running since</dt><dd><At at={project.started_at} /> <span className="dim">(<Ago at={project.started_at} />)</span></dd>
      <dt>Listens on</dt><dd className="mono">{project.listen}</dd>
      <dt>Access</dt><dd>{project.access === "token" ? "by token" : "open to this machine"}</dd>
      <dt>Definitions</dt><dd className="num">version {project.definitions_version}</dd>
      <dt>Metrics</dt><dd><a className="link mono" style={{ textDecoration: "underline" }} href="/metrics">/metrics</a></dd>
      <dt>API</dt><dd><a className="link mono" style={{ textDecoration: "underline" }} href="/api/v1/openapi.json">/api/v1/openapi.json</a></dd>
    </dl>
  );
}

function Pools() {
  const pools = useQuery(poolsQuery);
  const busy = pools.data?.items.filter((pool) => pool.waiting > 0) ?? [];
  if (busy.length === 0) return null;
  return <section className="section"><h2>Full pools</h2><div className="panel">{busy.map((pool) => <Line key={pool.name} state="ready" what={pool.name}>{pool.used} of {pool.slots} slots used, {pool.waiting} waiting</Line>)}</div></section>;
}

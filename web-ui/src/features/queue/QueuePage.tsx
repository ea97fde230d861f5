import { useQuery } from "@tanstack/react-query";
import { poolsQuery, queueQuery } from "@/api/queries";
import type { Blocker, Queue, QueueItem, QueuedRun } from "@/api/types";
import { localTimes } from "@/system/time/format";
import { Named } from "@/ui/BlockedBy";
import { SmallTable, type Column } from "@/ui/DataTable";
import { KeyName } from "@/ui/KeyName";
import { RunLink } from "@/ui/links";
import { Loaded, Waiting } from "@/ui/Loaded";
import { PageHead } from "@/ui/Page";
import { StateIcon } from "@/ui/StateIcon";
import { stateMeta } from "@/ui/stateMeta";
import { Duration } from "@/ui/Time";
import { PoolCard } from "./PoolCard";
import "./queue.css";

const columns: Column<QueueItem>[] = [
  { id: "step", header: "Step", width: "minmax(120px, 2fr)", cell: (item) => <span className="row"><StateIcon state={item.status} /><RunLink id={item.run_id} step={item.key} partition={item.partition}><span className="strong"><KeyName name={item.partition ? `${item.key} [${item.partition}]` : item.key} /></span></RunLink></span> },
  { id: "state", header: "State", width: "120px", wide: true, cell: (item) => stateMeta(item.status).label },
  { id: "run", header: "Run", width: "60px", cell: (item) => <RunLink id={item.run_id} /> },
  { id: "why", header: "Waits for", width: "minmax(140px, 3fr)", below: true, cell: (item) => <Blockers blockers={item.blocked_by} /> },
  { id: "since", header: "Waiting", width: "80px", align: "right", cell: (item) => <Duration from={item.since} /> },
];

const runColumns: Column<QueuedRun>[] = [
  { id: "run", header: "Run", width: "70px", cell: (run) => <RunLink id={run.run_id} /> },
  { id: "what", header: "Of", width: "minmax(100px, 2fr)", cell: (run) => <span className="clip" title={run.select}>{run.job ?? run.select}</span> },
  { id: "priority", header: "Priority", width: "70px", align: "right", wide: true, cell: (run) => run.priority },
  { id: "why", header: "Waits for", width: "minmax(140px, 3fr)", below: true, cell: (run) => <Blockers blockers={run.blocked_by} /> },
  { id: "since", header: "Waiting", width: "80px", align: "right", cell: (run) => <Duration from={run.since} /> },
];

function Blockers({ blockers }: { blockers: Blocker[] }) {
  if (blockers.length === 0) return <span className="dim">about to start</span>;
  return (
    <span className="why" title={blockers.map((b) => `${b.what}: ${localTimes(b.detail)}`).join("\n")}>
      {blockers.map((blocker, i) => <span key={blocker.what + blocker.detail}>{i > 0 && "; "}<span className="strong">{blocker.what}</span> <span className="dim"><Named text={localTimes(blocker.detail)} /></span></span>)}
    </span>
  );
}

/** Of queued runs, the run is shown and not each of its steps. */
const waiting = (queue: Queue) => queue.items.filter((item) => item.status !== "pending");

function Runs({ queue }: { queue: Queue }) {
  return (
    <section className="section">
      <h2>Queued runs <span className="count">{queue.runs.length}</span></h2>
      {queue.limits.length > 0 && <div className="dim small">{queue.limits.map((limit) => `${limit.name}: ${limit.used} of ${limit.limit} under way`).join(" · ")}</div>}
      <SmallTable label="Queued runs" columns={runColumns} rows={queue.runs.slice(0, 300)} rowId={(run) => run.run_id} empty="No run is queued." />
    </section>
  );
}

export function QueuePage() {
  const queue = useQuery(queueQuery);
  const pools = useQuery(poolsQuery);
  return (
    <div className="page scroll">
      <PageHead title="Queue" name="Queue"><div className="dim">Runs that wait to begin and steps whose parents are done, in the order they will start, each with what holds it back.</div></PageHead>
      {/* Both at once: what came later would push down what is read. */}
      {queue.isPending || pools.isPending ? <Waiting /> : <div className="page-body">
        <section className="section">
          <h2>Pools</h2>
          <Loaded query={pools}>{(data) => data.items.length === 0 ? <div className="dim">No pool is defined.</div> : <div className="pools">{data.items.map((pool) => <PoolCard key={pool.name} pool={pool} />)}</div>}</Loaded>
        </section>
        {queue.data && queue.data.runs.length > 0 && <Runs queue={queue.data} />}
        <section className="section">
          <h2>Waiting steps {queue.data && waiting(queue.data).length > 0 && <span className="count">{waiting(queue.data).length}</span>}</h2>
          <Loaded query={queue}>{(data) => <SmallTable label="Waiting steps" columns={columns} rows={waiting(data).slice(0, 300)} rowId={(item) => `${item.run_id}/${item.key}/${item.partition}`} empty="Nothing waits. Steps appear here when a pool is full, a resource is held or a retry is delayed." />}</Loaded>
        </section>
      </div>}
    </div>
  );
}

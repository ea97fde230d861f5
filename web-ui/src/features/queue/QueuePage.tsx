import { useQuery } from "@tanstack/react-query";
import { poolsQuery, queueQuery } from "@/api/queries";
import type { Pool, QueueItem } from "@/api/types";
import { localTimes } from "@/system/time/format";
import { SmallTable, type Column } from "@/ui/DataTable";
import { KeyName } from "@/ui/KeyName";
import { RunLink } from "@/ui/links";
import { Loaded } from "@/ui/Loaded";
import { PageHead } from "@/ui/Page";
import { StateIcon } from "@/ui/StateIcon";
import { stateMeta } from "@/ui/stateMeta";
import { Ago, Duration } from "@/ui/Time";
import "./queue.css";

const columns: Column<QueueItem>[] = [
  { id: "step", header: "Step", width: "minmax(120px, 2fr)", cell: (item) => <span className="row"><StateIcon state={item.status} /><RunLink id={item.run_id} step={item.key}><span className="strong"><KeyName name={item.partition ? `${item.key} [${item.partition}]` : item.key} /></span></RunLink></span> },
  { id: "state", header: "State", width: "120px", wide: true, cell: (item) => stateMeta(item.status).label },
  { id: "run", header: "Run", width: "60px", cell: (item) => <RunLink id={item.run_id} /> },
  { id: "why", header: "Waits for", width: "minmax(140px, 3fr)", cell: (item) => <Blockers item={item} /> },
  { id: "since", header: "Waiting", width: "80px", align: "right", wide: true, cell: (item) => <Duration from={item.since} /> },
];

function Blockers({ item }: { item: QueueItem }) {
  const first = item.blocked_by[0];
  if (!first) return <span className="dim">about to start</span>;
  return <span title={item.blocked_by.map((b) => `${b.what}: ${b.detail}`).join("\n")}><span className="strong">{first.what}</span> <span className="dim">{localTimes(first.detail)}{item.blocked_by.length > 1 && ` (and ${item.blocked_by.length - 1} more)`}</span></span>;
}

export function QueuePage() {
  const queue = useQuery(queueQuery);
  const pools = useQuery(poolsQuery);
  return (
    <div className="page scroll">
      <PageHead title="Queue" name="Queue"><div className="dim">Steps whose parents are done, in the order they will start, each with what holds it back.</div></PageHead>
      <div className="page-body">
        <section className="section">
          <h2>Pools</h2>
          <Loaded query={pools}>{(data) => data.items.length === 0 ? <div className="dim">No pool is defined.</div> : <div className="pools">{data.items.map((pool) => <PoolCard key={pool.name} pool={pool} />)}</div>}</Loaded>
        </section>
        <section className="section">
          <h2>Waiting steps {queue.data && queue.data.items.length > 0 && <span className="count">{queue.data.items.length}</span>}</h2>
          <Loaded query={queue}>{(data) => <SmallTable label="Waiting steps" columns={columns} rows={data.items.slice(0, 300)} rowId={(item) => `${item.run_id}/${item.key}/${item.partition}`} empty="Nothing waits. Steps appear here when a pool is full, a resource is held or a retry is delayed." />}</Loaded>
        </section>
      </div>
    </div>
  );
}

function PoolCard({ pool }: { pool: Pool }) {
  const full = pool.used >= pool.slots && pool.waiting > 0;
  return (
    <div className="panel pool">
      <div className="row"><span className="strong clip">{pool.name}</span><span className="spacer" /><span className="num">{pool.used} of {pool.slots} used</span></div>
      <div className="pool-slots" role="img" aria-label={`${pool.used} of ${pool.slots} slots used`}>
        {Array.from({ length: Math.min(pool.slots, 64) }, (_, i) => <i key={i} data-used={i < pool.used || undefined} />)}
      </div>
      <div className="small dim num">{pool.waiting === 0 ? "nothing waits for it" : `${pool.waiting} waiting`}{full && ", full"}</div>
      {pool.holders.slice(0, 5).map((holder) => (
        <div key={holder.attempt_id + holder.step} className="row small"><StateIcon state="running" size={12} /><RunLink id={holder.run_id} step={holder.step}><KeyName name={holder.step} /></RunLink><span className="spacer" /><span className="dim"><Ago at={holder.since} /></span></div>
      ))}
      {pool.holders.length > 5 && <div className="small faint">and {pool.holders.length - 5} more</div>}
    </div>
  );
}

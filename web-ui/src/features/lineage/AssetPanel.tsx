import { ActionIcon, Tooltip } from "@mantine/core";
import { IconArrowUpRight, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { assetAttemptsQuery, assetQuery, partitionMapQuery } from "@/api/queries";
import type { AssetDetail } from "@/api/types";
import { quoted } from "@/system/selection/complete";
import { AssetWhy } from "@/ui/AssetWhy";
import { AttemptStrip } from "@/ui/AttemptStrip";
import { KeyName } from "@/ui/KeyName";
import { keyToPath } from "@/ui/links";
import { LongName } from "@/ui/LongName";
import { Loaded } from "@/ui/Loaded";
import { MaterializeButton } from "@/ui/Materialize";
import { listed, MetadataList } from "@/ui/Metadata";
import { StateIcon } from "@/ui/StateIcon";

/** The selected asset beside the graph: state and why, what to do, how it has been, what is around it. */
export function AssetPanel({ name, close, choose }: { name: string; close: () => void; choose: (key: string) => void }) {
  const asset = useQuery(assetQuery(name));
  return (
    <aside className="lineage-panel" aria-label={`Asset ${name}`}>
      <div className="lineage-panel-head">
        <h2 className="grow"><Link to="/assets/$key" params={{ key: keyToPath(name) }} search={{}} className="link"><LongName name={name} /></Link></h2>
        <Tooltip label="Open the asset's page"><ActionIcon aria-label="Open the asset's page" renderRoot={(props) => <Link to="/assets/$key" params={{ key: keyToPath(name) }} search={{}} {...props} />}><IconArrowUpRight size={16} /></ActionIcon></Tooltip>
        <ActionIcon aria-label="Close" onClick={close}><IconX size={16} /></ActionIcon>
      </div>
      <Loaded query={asset}>{(data) => <PanelBody asset={data} choose={choose} />}</Loaded>
    </aside>
  );
}

function PanelBody({ asset, choose }: { asset: AssetDetail; choose: (key: string) => void }) {
  const attempts = useQuery({ ...assetAttemptsQuery(asset.key), enabled: !asset.external });
  return (
    <div className="lineage-panel-body">
      <AssetWhy asset={asset} />
      {asset.description && <p className="dim" style={{ margin: "8px 0 0" }}>{asset.description}</p>}
      {!asset.external && <div style={{ margin: "12px 0 16px" }}><MaterializeButton select={quoted(asset.key)} single divided={asset.partitions !== null} walks dbt={asset.kinds.includes("dbt")} /></div>}
      {!asset.external && <PanelPart title="Last attempts"><AttemptStrip attempts={attempts.data?.items ?? []} slots={40} /></PanelPart>}
      {asset.partitions && <PartitionsPart asset={asset} />}
      {asset.check_definitions.length > 0 && (
        <PanelPart title={`Checks ${asset.check_definitions.length}`}>
          <div className="row wrap num" style={{ gap: "4px 14px" }}>
            {(["failed", "warned", "passed"] as const).map((state) => asset.checks[state] > 0 && <span key={state} className="state"><StateIcon state={state} size={13} />{asset.checks[state]} {state}</span>)}
            {asset.checks.failed + asset.checks.warned + asset.checks.passed === 0 && <span className="dim">{asset.status === "skipped" ? "Skipped with the asset in its last run" : "No result of the last run"}</span>}
          </div>
        </PanelPart>
      )}
      {asset.last_materialization && listed(asset.last_materialization.metadata).length > 0 && (
        <PanelPart title="Latest metadata"><MetadataList metadata={asset.last_materialization.metadata} /></PanelPart>
      )}
      {(["upstream", "downstream"] as const).map((relation) => {
        const near = asset.neighbours.filter((n) => n.relation === relation);
        return near.length > 0 && (
          <PanelPart key={relation} title={relation === "upstream" ? `Made from ${near.length}` : `Used by ${near.length}`}>
            {near.slice(0, 20).map((n) => (
              <button key={n.key} type="button" className="neighbour" onClick={() => choose(n.key)}><StateIcon state={n.status} size={13} /><span className="clip" title={n.key}><KeyName name={n.key} /></span></button>
            ))}
            {near.length > 20 && <div className="faint small">and {near.length - 20} more</div>}
          </PanelPart>
        );
      })}
    </div>
  );
}

function PartitionsPart({ asset }: { asset: AssetDetail }) {
  const map = useQuery(partitionMapQuery(asset.key, 1));
  const { materialized = asset.partitions?.materialized ?? 0, failed = asset.partitions?.failed ?? 0, total } = map.data?.counts ?? {};
  return (
    <PanelPart title="Partitions">
      <Link to="/assets/$key" params={{ key: keyToPath(asset.key) }} search={{ tab: "partitions" }} className="link num row" style={{ gap: 14 }}>
        <span className="state"><StateIcon state="materialized" size={13} />{materialized.toLocaleString("en")}{total !== undefined && `/${total.toLocaleString("en")}`} materialized</span>
        {failed > 0 && <span className="state"><StateIcon state="failed" size={13} />{failed.toLocaleString("en")} failed</span>}
      </Link>
    </PanelPart>
  );
}

function PanelPart({ title, children }: { title: string; children: React.ReactNode }) {
  return <section style={{ padding: "12px 0", borderTop: "1px solid var(--line)" }}><div className="small dim" style={{ marginBottom: 6 }}>{title}</div>{children}</section>;
}

import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { assetAttemptsQuery, assetAutomationQuery, assetQuery, materializationsQuery, triggersQuery } from "@/api/queries";
import type { AssetDetail, AutomationDetail } from "@/api/types";
import { quoted } from "@/system/selection/complete";
import { AcknowledgeButton } from "@/ui/Acknowledge";
import { AssetWhy } from "@/ui/AssetWhy";
import { AttemptStrip } from "@/ui/AttemptStrip";
import { automationState } from "@/ui/AutomationPause";
import { keyFromPath, keyToPath } from "@/ui/links";
import { LongName } from "@/ui/LongName";
import { Loaded, Waiting } from "@/ui/Loaded";
import { MaterializeButton } from "@/ui/Materialize";
import { PageHead } from "@/ui/Page";
import { StateIcon } from "@/ui/StateIcon";
import { AutomationTab } from "./AutomationTab";
import { ChecksTab } from "./ChecksTab";
import { HistoryTab } from "./HistoryTab";
import { NearLineage } from "./NearLineage";
import { OverviewTab } from "./OverviewTab";
import { PartitionsTab } from "./PartitionsTab";
import { ReportDialog } from "./ReportDialog";
import "./asset.css";

const route = getRouteApi("/assets/$key");
const DefinitionTab = lazy(() => import("./DefinitionTab").then((module) => ({ default: module.DefinitionTab })));

export function AssetPage() {
  const { key: part } = route.useParams();
  const key = keyFromPath(part);
  const asset = useQuery(assetQuery(key));
  const automation = useQuery(assetAutomationQuery(key));
  const { tab = "overview" } = route.useSearch();
  useQuery({ ...triggersQuery(key), enabled: tab === "overview" });
  useQuery({ ...materializationsQuery(key), enabled: tab === "overview" });  // its tab waits for it: asked for together
  // Whether there is a tab for it is to be known before the tabs are drawn, or they would move; its failure holds nothing up.
  if (automation.isPending && automation.failureCount === 0) return <Waiting />;
  return <Loaded query={asset}>{(data) => <AssetBody key={data.key} asset={data} automation={automation.data} />}</Loaded>;
}

const isFailing = (asset: AssetDetail) => asset.status === "failed" || asset.checks.failed > 0;
const tabs = [["overview", "Overview"], ["history", "History"], ["checks", "Checks"], ["partitions", "Partitions"], ["automation", "Automation"], ["lineage", "Lineage"], ["definition", "Definition"]] as const;

function AssetBody({ asset, automation }: { asset: AssetDetail; automation?: AutomationDetail }) {
  const { tab = "overview" } = route.useSearch();
  const automated = automation?.condition ? automation : undefined;
  return (
    <div className="page">
      <PageHead
        name={asset.key} title={<LongName name={asset.key} />}
        actions={<>{isFailing(asset) && !asset.acknowledged && <AcknowledgeButton name={asset.key} />}<MakeActions asset={asset} /></>}
      >
        <AssetWhy asset={asset} />
      </PageHead>
      {!asset.external && <Strip name={asset.key} />}
      <nav className="tabs" aria-label="Parts of this asset">
        {tabs.map(([id, label]) => (id !== "automation" || automated || tab === id) && (id !== "partitions" || asset.partitions || tab === id) && (
          <Link key={id} to="/assets/$key" params={{ key: keyToPath(asset.key) }} search={{ tab: id === "overview" ? undefined : id }} replace data-on={tab === id || undefined} aria-current={tab === id ? "page" : undefined} activeOptions={{ exact: true, includeSearch: true }}>
            {label}{id === "automation" && automated && <StateIcon state={automationState(automated)} size={12} />}{id === "partitions" && !!asset.partitions?.failed && <span className="row" style={{ gap: 3 }}><StateIcon state="failed" size={12} title="Failed partitions" /><span className="count">{asset.partitions.failed}</span></span>}{id === "checks" && asset.check_definitions.length > 0 && <span className="count">{asset.check_definitions.length}</span>}
          </Link>
        ))}
      </nav>
      <div className="asset-tab">
        {tab === "history" ? <HistoryTab asset={asset} /> : tab === "checks" ? <ChecksTab asset={asset} /> : tab === "partitions" ? <PartitionsTab asset={asset} /> : tab === "automation" ? <AutomationTab name={asset.key} /> : tab === "lineage" ? <NearLineage name={asset.key} />
          : tab === "definition" ? <Suspense fallback={<Waiting />}><DefinitionTab asset={asset} /></Suspense> : <OverviewTab asset={asset} />}
      </div>
    </div>
  );
}

/** What others make can only be reported; of what runs make here that is the rare way, and stands in the menu. */
function MakeActions({ asset }: { asset: AssetDetail }) {
  const { from, to } = route.useSearch();
  const [reporting, setReporting] = useState(false);
  const open = () => setReporting(true);
  return (
    <>
      {asset.external ? <Button variant="default" onClick={open}>Report new data…</Button>
        : <MaterializeButton select={quoted(asset.key)} single divided={asset.partitions !== null} walks dbt={asset.kinds.includes("dbt")} more={{ label: "Report as made by hand…", open }} />}
      <ReportDialog asset={asset} selected={from !== undefined && to === undefined ? from : ""} opened={reporting} close={() => setReporting(false)} />
    </>
  );
}

function Strip({ name }: { name: string }) {
  const attempts = useQuery(assetAttemptsQuery(name));
  return <div className="asset-strip"><AttemptStrip attempts={attempts.data?.items ?? []} /></div>;
}

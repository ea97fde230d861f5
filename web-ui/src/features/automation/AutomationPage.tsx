import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { automationQuery, projectQuery, schedulesQuery, sensorsQuery } from "@/api/queries";
import type { AutomationPause } from "@/api/types";
import { PauseButton, ResumeButton } from "@/ui/AutomationPause";
import { Problem, Waiting } from "@/ui/Loaded";
import { PageHead } from "@/ui/Page";
import { AutomatedAssets } from "./AutomatedAssets";
import { SchedulesTab } from "./SchedulesTab";
import { SensorsTab } from "./SensorsTab";
import "./automation.css";

const route = getRouteApi("/automation");

/** What starts by itself: assets by their conditions, jobs by their schedules, what sensors find; and the button that stops all of it. */
export function AutomationPage() {
  const project = useQuery(projectQuery);
  const pause = project.data?.automation_paused ?? null;
  return (
    <div className="page">
      <PageHead title="Automation" name="Automation" actions={pause ? <ResumeButton name={null}>Resume everything</ResumeButton> : <PauseButton name={null} />}>
        <div className="dim">Assets are materialized when their condition becomes true, once for each cause; schedules start jobs at the times of their cron lines; sensors when they find something.</div>
      </PageHead>
      <Parts pause={pause} />
    </div>
  );
}

function Parts({ pause }: { pause: AutomationPause | null }) {
  const { tab, schedule, sensor } = route.useSearch();
  const assets = useInfiniteQuery(automationQuery);
  const schedules = useQuery(schedulesQuery);
  const sensors = useQuery(sensorsQuery);
  const error = assets.error ?? schedules.error ?? sensors.error;
  // All, because which one is shown first depends on what there is.
  if (!assets.data || !schedules.data || !sensors.data) return error ? <Problem error={error} retry={() => void (assets.refetch(), schedules.refetch(), sensors.refetch())} /> : <Waiting />;
  const rows = assets.data.pages.flatMap((page) => page.items);
  const shown = tab ?? (sensor !== undefined ? "sensors" : schedule !== undefined ? "schedules" : firstPart(rows.length, schedules.data.items.length, sensors.data.items.length));
  const link = (id: string, label: string, count: number | undefined) => (
    <Link to="/automation" search={{ tab: id }} replace data-on={shown === id || undefined} aria-current={shown === id ? "page" : undefined} activeOptions={{ exact: true, includeSearch: true }}>
      {label}{!!count && <span className="count">{count.toLocaleString("en")}</span>}
    </Link>
  );
  return (
    <>
      <nav className="tabs" aria-label="Parts of automation">{link("assets", "Assets", assets.hasNextPage ? undefined : rows.length)}{link("schedules", "Schedules", schedules.data.items.length)}{link("sensors", "Sensors", sensors.data.items.length)}</nav>
      <div className="automation-body">
        {shown === "sensors" ? <SensorsTab items={sensors.data.items} /> : shown === "schedules" ? <SchedulesTab items={schedules.data.items} /> : <AutomatedAssets rows={rows} assets={assets} held={pause !== null} />}
      </div>
    </>
  );
}

const firstPart = (assets: number, schedules: number, sensors: number) => (assets > 0 ? "assets" : schedules > 0 ? "schedules" : sensors > 0 ? "sensors" : "assets");

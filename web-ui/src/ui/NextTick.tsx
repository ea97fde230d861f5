import { useQuery } from "@tanstack/react-query";
import { projectQuery } from "@/api/queries";
import { leavesOut } from "@/system/automation/mute";
import { Countdown } from "./Time";

/** How long until a tick; of one that comes while everything is paused, that it starts nothing. */
export function NextTick({ to }: { to: string }) {
  const { data: project } = useQuery(projectQuery);
  if (leavesOut(project?.automation_paused ?? null, Date.parse(to))) return <span title="All automation, schedules and sensors are paused: this tick starts nothing">held</span>;
  return <Countdown to={to} />;
}

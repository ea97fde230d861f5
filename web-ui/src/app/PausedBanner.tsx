import { Link } from "@tanstack/react-router";
import type { AutomationPause } from "@/api/types";
import { PausedBy, ResumeButton } from "@/ui/AutomationPause";
import { StateIcon } from "@/ui/StateIcon";

/**
 * On every page while nothing starts by itself. It stands below the page and takes its room from there: whether it comes with a later
 * answer or because somebody pressed the button, what is being read stays where it is.
 */
export function PausedBanner({ pause }: { pause: AutomationPause }) {
  return (
    <section className="paused-banner" aria-label="Automation is paused">
      <StateIcon state="paused" size={16} />
      <div className="paused-banner-text" title={pause.reason}>
        {/* Only this is announced: times tick. */}
        <Link to="/automation" className="link strong"><span role="status">All automation and schedules are paused</span></Link> <PausedBy pause={pause} />: {pause.reason}
      </div>
      <ResumeButton name={null} />
    </section>
  );
}

import { useState } from "react";
import type { AutomationPause } from "@/api/types";
import { PausedBy, ResumeButton } from "@/ui/AutomationPause";
import { StateIcon } from "@/ui/StateIcon";

/**
 * On every page while nothing starts by itself. It stands below the page and takes its room from there: whether it comes with a later
 * answer or because somebody pressed the button, what is being read stays where it is. A long reason unfolds upwards.
 */
export function PausedBanner({ pause }: { pause: AutomationPause }) {
  const [open, setOpen] = useState(false);
  return (
    <section className="paused-banner" aria-label="Automation is paused" data-open={open || undefined}>
      {/* Announced once; the line beside it ticks. */}
      <span role="status" className="visually-hidden">All automation and schedules are paused</span>
      <StateIcon state="paused" size={16} />
      <button type="button" className="paused-banner-text" aria-expanded={open} title={open ? undefined : pause.reason} onClick={() => setOpen(!open)}>
        <span className="strong">All automation and schedules are paused</span> <PausedBy pause={pause} />: {pause.reason}
      </button>
      <ResumeButton name={null} />
    </section>
  );
}

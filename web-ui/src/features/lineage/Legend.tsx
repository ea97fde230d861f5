import { HoverCard } from "@mantine/core";
import { states } from "@/system/lineage/status";
import { StateIcon, StateLabel } from "@/ui/StateIcon";

export function Legend() {
  return (
    <HoverCard position="top-start" width={250}>
      <HoverCard.Target><button type="button" className="lineage-legend">Legend</button></HoverCard.Target>
      <HoverCard.Dropdown p={12}>
        <div className="column" style={{ gap: 6 }}>
          {states.map((state) => <StateLabel key={state} state={state} />)}
          <span className="state"><span style={{ width: 14, height: 10, border: "1.5px dashed var(--stale)", borderRadius: 2 }} />Stale: its code, or something above, is newer</span>
          <span className="state"><span style={{ width: 14, borderTop: "2px solid var(--fail)" }} />Path of a failure</span>
          <span className="state"><StateIcon state="passed" size={9} title="dot" />Checks passed, triangle warned, square failed</span>
        </div>
      </HoverCard.Dropdown>
    </HoverCard>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lineageQuery, lineageStatusQuery } from "@/api/queries";
import { quoted } from "@/system/selection/complete";
import { keyToPath } from "@/ui/links";
import { LineageCanvas } from "@/ui/lineage/LineageCanvas";
import { Loaded } from "@/ui/Loaded";

/** Two hops up and down; a click goes to the neighbour's own page. */
export function NearLineage({ name }: { name: string }) {
  const select = `2+${quoted(name)}+2`;
  const lineage = useQuery(lineageQuery(select));
  const status = useQuery(lineageStatusQuery(lineage.data?.version, select));
  const navigate = useNavigate();
  const open = (key: string | undefined) => {
    if (key && key !== name) void navigate({ to: "/assets/$key", params: { key: keyToPath(key) }, search: { tab: "lineage" } });
  };
  return (
    <div className="asset-near">
      <Loaded query={lineage}>
        {(data) => <LineageCanvas lineage={data} status={status.data?.status.length === data.nodes.length ? status.data : undefined} onSelect={open} onOpen={open} />}
      </Loaded>
      <Link to="/lineage" search={{ asset: name, select: `+${quoted(name)}+` }} className="link small dim" style={{ position: "absolute", left: 24, bottom: 12, textDecoration: "underline" }}>Everything above and below it</Link>
    </div>
  );
}

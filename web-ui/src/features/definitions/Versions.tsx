import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { definitionVersionsQuery } from "@/api/queries";
import type { DefinitionsVersion } from "@/api/types";
import { outcome, signs } from "@/system/definitions/versions";
import { SmallTable, type Column } from "@/ui/DataTable";
import { Problem } from "@/ui/Loaded";
import { Ago } from "@/ui/Time";
import { VersionDiff, type Older } from "./VersionDiff";
import "./definitions.css";

const route = getRouteApi("/definitions");

const columns = (chosen: string | undefined): Column<DefinitionsVersion>[] => [
  { id: "version", header: "Version", width: "minmax(76px, 1fr)", cell: (row) => <Name row={row} on={row.version === chosen} /> },
  { id: "at", header: "Applied", width: "82px", cell: (row) => <Ago at={row.applied_at} /> },
  { id: "assets", header: "Assets", width: "72px", align: "right", wide: true, cell: (row) => row.assets.toLocaleString("en") },
  { id: "changed", header: "Changed", width: "minmax(76px, 1fr)", align: "right", cell: (row) => <Changed row={row} /> },
];

/** The row can be clicked; by keys and for those who hear the page it is this link. */
function Name({ row, on }: { row: DefinitionsVersion; on: boolean }) {
  return (
    <span className="row tight">
      <Link to="/definitions" search={{ version: row.version }} resetScroll={false} className="link strong num" aria-current={on || undefined} aria-label={`Version ${row.version}`}>{row.version}</Link>
      {row.current && <span className="tag">serves</span>}
    </span>
  );
}

function Changed({ row }: { row: DefinitionsVersion }) {
  return <span className="num definition-signs" title={outcome(row)}><span className="visually-hidden">{outcome(row)}</span><span aria-hidden="true">{signs(row)}</span></span>;
}

/** What served when, and how any two of them differ. */
export function Versions() {
  const versions = useInfiniteQuery(definitionVersionsQuery);
  const rows = useMemo(() => versions.data?.pages.flatMap((page) => page.items), [versions.data]);
  const { fetchNextPage } = versions;
  const read = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const older: Older = { more: versions.hasNextPage, busy: versions.isFetching, failed: versions.isFetchNextPageError, read };
  return (
    <section className="section definition-versions" aria-label="Versions">
      <h2>Versions</h2>
      {rows ? <History rows={rows} older={older} />
        : versions.error ? <Problem error={versions.error} retry={() => void versions.refetch()} /> : <><SmallTable label="Versions" columns={columns(undefined)} rows={[]} rowId={(row) => row.version} empty="Asking for the versions…" /><div style={{ height: 28 }} /></>}
    </section>
  );
}

function History({ rows, older }: { rows: DefinitionsVersion[]; older: Older }) {
  const { version, against } = route.useSearch();
  const navigate = route.useNavigate();
  const shown = useMemo(() => columns(version), [version]);
  return (
    <>
      <SmallTable
        label="Versions" columns={shown} rows={rows} rowId={(row) => row.version} isOn={(row) => row.version === version}
        onOpen={(row) => void navigate({ search: { version: row.version }, resetScroll: false })} empty="No version has served yet."
      />
      {older.more && <Button variant="default" size="compact-sm" mt={8} loading={older.busy} onClick={older.read}>Show older</Button>}
      {older.failed && <div className="bad" role="alert" style={{ marginTop: 8 }}>Older versions could not be read.</div>}
      {version === undefined ? rows.length > 0 && <div className="dim" style={{ marginTop: 8 }}>Choose a version to see what it changed.</div> : (
        <VersionDiff
          key={version} versions={rows} version={version} chosen={against} older={older}
          choose={(other) => void navigate({ search: { version, against: other }, replace: true, resetScroll: false })}
        />
      )}
    </>
  );
}

import { Button, Kbd, Loader } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { ApiError } from "@/api/client";
import { StateIcon } from "./StateIcon";

/** Nothing for the first 200 ms, so that quick answers do not flash. `what`: said where it may take seconds. */
export function Waiting({ what }: { what?: string | undefined }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 200);
    return () => clearTimeout(timer);
  }, []);
  return <div style={{ display: "grid", placeItems: "center", flex: 1, minHeight: 120 }}>{late && <div className="row dim"><Loader size={18} color="gray" aria-label="Loading" />{what}</div>}</div>;
}

/** A problem in the daemon's own words, with the way out. */
export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof ApiError ? error : null;
  return (
    <div className="notice bad" role="alert" style={{ margin: 16 }}>
      <StateIcon state="failed" size={16} />
      <div className="grow">
        <div className="strong">{problem?.title ?? "Something went wrong in this page"}</div>
        <div className="dim">{problem ? problem.detail : String(error)}</div>
        {problem?.status === 404 && <div className="dim" style={{ marginTop: 4 }}>It may have been renamed or removed. <Kbd size="xs">Ctrl</Kbd> <Kbd size="xs">K</Kbd> finds any asset, run or page.</div>}
      </div>
      {retry && <Button variant="default" onClick={retry}>Try again</Button>}
    </div>
  );
}

/** Shows what a query holds; its problem if it has none to show. */
export function Loaded<T>({ query, children, what }: { query: UseQueryResult<T>; what?: string; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Problem error={query.error} retry={() => void query.refetch()} />;
  return <Waiting what={what} />;
}

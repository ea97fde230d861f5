import type { ReactNode } from "react";
import { CopyButton } from "./CopyButton";

/** What stands where nothing is yet: says why, and what to do. `code` gets a copy button. */
export function Empty({ title, children, code, action }: { title: string; children?: ReactNode; code?: string; action?: ReactNode }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      <p>{children}</p>
      {code && (
        <div style={{ position: "relative" }}>
          <pre className="code" tabIndex={0} aria-label="Example" style={{ padding: "12px 48px 12px 14px" }}>{code}</pre>
          <div className="empty-copy"><CopyButton text={code} label="Copy the example" /></div>
        </div>
      )}
      {action && <div style={{ marginTop: 12 }}>{action}</div>}
    </div>
  );
}

export const firstAssetYaml = `assets:
  - key: hello
    description: My first asset
    run: {plugin: exec, command: [echo, "hello, world"]}
`;

/** For every page that would list assets when there is none. */
export function NoAssets() {
  return (
    <Empty title="No assets yet" code={firstAssetYaml}>
      An asset is something that should exist: a table, a file, a model. Put these lines into <span className="mono">assetd.yaml</span> and
      reload the definitions.
    </Empty>
  );
}

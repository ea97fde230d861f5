import { useEffect, type ReactNode } from "react";

/** Title row of a page; also the browser tab's title. */
export function PageHead({ title, name, children, actions }: { title: ReactNode; name: string; children?: ReactNode; actions?: ReactNode }) {
  useEffect(() => {
    document.title = `${name} · assetd`;
  }, [name]);
  return (
    <header className="page-head">
      <div className="grow" style={{ flexBasis: 320 }}>
        <h1>{title}</h1>
        {children}
      </div>
      {actions && <div className="actions">{actions}</div>}
    </header>
  );
}

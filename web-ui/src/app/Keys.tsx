import { Modal } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { morePages, pages } from "./pages";

const all = [...pages, ...morePages];
const rows: [string[], string][] = [
  [["Ctrl", "K"], "Find an asset, run, page or action"], [["/"], "Filter"], [["j"], "Next row or asset"], [["k"], "Previous row or asset"],
  [["Enter"], "Open"], [["m"], "Materialize what is selected"], [["Esc"], "Back, or clear"], [["?"], "These keys"],
];

/** Keys that work on every page: `?` for the list, `g` and a letter to go to a page. */
export function Keys() {
  const [open, setOpen] = useState(false);
  const navigate = useNavigate();
  const going = useRef(0);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, textarea, [contenteditable]")) return;
      if (event.key === "?") return setOpen(true);
      if (event.key === "g") return void (going.current = Date.now());
      const page = Date.now() - going.current < 1200 ? all.find((item) => item.key === event.key) : undefined;
      going.current = 0;
      if (page) {
        event.preventDefault();
        event.stopPropagation();
        void navigate({ to: page.to });
      }
    };
    window.addEventListener("keydown", press, true);
    return () => window.removeEventListener("keydown", press, true);
  }, [navigate]);
  return (
    <Modal opened={open} onClose={() => setOpen(false)} title="Keys" size={440}>
      <div className="keys-grid">
        {rows.map(([keys, what]) => <KeyRow key={what} keys={keys} what={what} />)}
        {all.map((page) => <KeyRow key={page.to} keys={["g", page.key]} what={page.label} />)}
      </div>
    </Modal>
  );
}

function KeyRow({ keys, what }: { keys: string[]; what: string }) {
  return <><span className="row" style={{ gap: 4 }}>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</span><span>{what}</span></>;
}

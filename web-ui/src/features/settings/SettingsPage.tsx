import { Button, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { signOut } from "@/api/client";
import { projectQuery } from "@/api/queries";
import { toastProblem } from "@/ui/Materialize";
import { PageHead } from "@/ui/Page";

export function SettingsPage() {
  const { data: project } = useQuery(projectQuery);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const leave = () => signOut().then(() => location.reload()).catch(toastProblem("Signing out failed"));
  return (
    <div className="page scroll">
      <PageHead title="Settings" name="Settings"><div className="dim">For this browser only.</div></PageHead>
      <div className="page-body" style={{ maxWidth: 640 }}>
        <section className="section">
          <h2>Theme</h2>
          <SegmentedControl value={colorScheme} onChange={(value) => setColorScheme(value as "auto" | "light" | "dark")} aria-label="Theme" data={[{ value: "auto", label: "As the system" }, { value: "light", label: "Light" }, { value: "dark", label: "Dark" }]} />
        </section>
        <section className="section">
          <h2>Access</h2>
          {project?.access === "token" ? (
            <div className="row"><span className="dim grow">This browser holds a session cookie made from the daemon's token.</span><Button variant="default" onClick={() => void leave()}>Sign out</Button></div>
          ) : <div className="dim">The daemon is open to this machine and asks for no token. Started with another address it demands one: <span className="mono">assetd --listen 0.0.0.0:8080 --token-file FILE</span></div>}
        </section>
        <section className="section">
          <h2>Keys</h2>
          <div className="dim"><kbd>?</kbd> lists them on every page.</div>
        </section>
      </div>
    </div>
  );
}

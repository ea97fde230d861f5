import { Button, Modal, PasswordInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import { openSession } from "@/api/actions";
import { ApiError, onUnauthorized } from "@/api/client";
import { useLive } from "@/ui/live";

/** Shows the token form over the page whenever the daemon answers 401; what was shown stays behind it. */
export function SessionGate({ children }: { children: ReactNode }) {
  const [asking, setAsking] = useState(false);
  const client = useQueryClient();
  const live = useLive();
  useEffect(() => onUnauthorized(() => setAsking(true)), []);
  const done = () => {
    setAsking(false);
    live.restart();
    void client.resetQueries();
  };
  return (
    <>
      {children}
      <Modal opened={asking} onClose={() => undefined} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} title="This daemon asks for a token" centered size={380} overlayProps={{ color: "var(--bg)", backgroundOpacity: 0.88, blur: 3 }} styles={{ content: { border: "1px solid var(--line-strong)" }, title: { fontWeight: 600, fontSize: 15 } }}>
        <TokenForm done={done} />
      </Modal>
    </>
  );
}

function TokenForm({ done }: { done: () => void }) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await openSession(token.trim());
      done();
    } catch (error) {
      setProblem(error instanceof ApiError && error.status === 401 ? "This token is not the daemon's." : error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)} className="column" style={{ gap: 12 }}>
      <div className="dim">It is in the file given to <span className="mono">assetd --token-file</span>. The browser keeps only a session cookie.</div>
      <PasswordInput label="Token" value={token} onChange={(event) => setToken(event.currentTarget.value)} error={problem} autoComplete="current-password" data-autofocus />
      <Button type="submit" loading={busy} disabled={token.trim() === ""}>Sign in</Button>
    </form>
  );
}

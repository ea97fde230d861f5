import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useState } from "react";

async function copy(text: string) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without HTTPS browsers give no clipboard API; the old way still works.
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

/** Copies `text` (or what `text()` makes of it at that moment). With `children` a button, else an icon. */
export function CopyButton({ text, label, children }: { text: string | (() => string | Promise<string>); label: string; children?: string }) {
  const [done, setDone] = useState(false);
  const click = async () => {
    await copy(typeof text === "string" ? text : await text());
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  const icon = done ? <IconCheck size={15} color="var(--ok)" /> : <IconCopy size={15} />;
  if (children) return <Button variant="default" leftSection={icon} onClick={() => void click()}>{done ? "Copied" : children}</Button>;
  return (
    <Tooltip label={done ? "Copied" : label}>
      <ActionIcon aria-label={label} onClick={() => void click()}>{icon}</ActionIcon>
    </Tooltip>
  );
}

import { Modal, TextInput } from "@mantine/core";
import type { ReactNode } from "react";

interface Props { title: ReactNode; opened: boolean; close: () => void; size?: number; children: ReactNode }

/** How every dialog stands: its way out has a name, and its head is not one more banner of the page. */
export function Dialog({ title, opened, close, size = 440, children }: Props) {
  return (
    <Modal opened={opened} onClose={close} title={title} size={size} styles={{ title: { fontWeight: 600, fontSize: 15 } }} closeButtonProps={{ "aria-label": "Close" }} attributes={{ header: { role: "presentation" } }}>
      {children}
    </Modal>
  );
}

/** A reason that has to be given. A dialog opens on it. */
export function ReasonField({ value, set, placeholder }: { value: string; set: (value: string) => void; placeholder: string }) {
  return <TextInput label="Why? Others will see it." placeholder={placeholder} value={value} onChange={(event) => set(event.currentTarget.value)} maxLength={1000} required data-autofocus />;
}

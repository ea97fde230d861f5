import { ActionIcon, Tooltip } from "@mantine/core";
import { IconDownload, IconFocusCentered, IconMinus, IconPlus } from "@tabler/icons-react";
import type { RefObject } from "react";
import type { LineageHandle } from "@/ui/lineage/LineageCanvas";

async function save(handle: LineageHandle | null) {
  const image = await handle?.image();
  if (!image) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(image);
  link.download = "lineage.png";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export function ZoomBar({ handle }: { handle: RefObject<LineageHandle | null> }) {
  const button = (label: string, icon: React.ReactNode, act: () => void) => (
    <Tooltip key={label} label={label} position="left"><ActionIcon aria-label={label} onClick={act}>{icon}</ActionIcon></Tooltip>
  );
  return (
    <div className="lineage-right" role="toolbar" aria-label="View">
      {button("Zoom in", <IconPlus size={16} />, () => handle.current?.zoom(1.35))}
      {button("Zoom out", <IconMinus size={16} />, () => handle.current?.zoom(1 / 1.35))}
      {button("Fit everything", <IconFocusCentered size={16} />, () => handle.current?.fit())}
      {button("Save as PNG", <IconDownload size={16} />, () => void save(handle.current))}
    </div>
  );
}

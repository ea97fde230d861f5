import { useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Spotlight } from "@mantine/spotlight";
import { IconMoon, IconPlayerPlayFilled, IconRefresh, IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState, type ReactNode } from "react";
import { reloadDefinitions } from "@/api/actions";
import { get, query } from "@/api/client";
import { keys } from "@/api/keys";
import type { Asset, Page } from "@/api/types";
import { quoted } from "@/system/selection/complete";
import { keyToPath } from "@/ui/links";
import { toastProblem, useMaterialize } from "@/ui/Materialize";
import { StateIcon } from "@/ui/StateIcon";
import { morePages, pages } from "./pages";

const listId = "finder-list";

/** Answers arrive after Spotlight has chosen its first line; the choice is made again, so that Enter opens what stands first. */
function useFirstSelected() {
  useEffect(() => {
    const list = document.getElementById(listId);
    if (list && !list.querySelector("[data-selected]")) list.querySelector("[data-action]")?.setAttribute("data-selected", "true");
  });
}

interface Found { id: string; label: string; note?: string; icon: ReactNode; run: () => void }

/** Ctrl-K: assets by the daemon's own search, runs by number, pages and actions by name. */
export function Finder() {
  const [text, setText] = useState("");
  const groups = useFound(text.trim());
  useFirstSelected();
  const none = groups.every((group) => group.items.length === 0);
  return (
    <Spotlight.Root query={text} onQueryChange={setText} shortcut={["mod + K"]} scrollable maxHeight={420} clearQueryOnClose transitionProps={{ duration: 0 }}>
      <Spotlight.Search placeholder="Find an asset, a run by number, a page, an action" leftSection={<IconSearch size={16} />} aria-label="Search" />
      <Spotlight.ActionsList id={listId}>
        {groups.map((group) => group.items.length > 0 && (
          <Spotlight.ActionsGroup key={group.name} label={group.name}>
            {group.items.map((item) => (
              <Spotlight.Action key={item.id} onClick={item.run} leftSection={item.icon} py={6}>
                <span className="row" style={{ flex: 1 }}><span className="clip">{item.label}</span><span className="spacer" /><span className="faint small clip">{item.note}</span></span>
              </Spotlight.Action>
            ))}
          </Spotlight.ActionsGroup>
        ))}
        {none && <Spotlight.Empty>Nothing is called that</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

function useFound(text: string): { name: string; items: Found[] }[] {
  const navigate = useNavigate();
  const [asked] = useDebouncedValue(text, 80);
  const { data } = useQuery({
    queryKey: [...keys.assets, "find", asked], enabled: asked.length > 0, placeholderData: keepPreviousData,
    queryFn: ({ signal }) => get<Page<Asset>>(`/assets${query({ q: asked, limit: 8 })}`, signal),
  });
  const materialize = useMaterialize();
  const actions = useActions();
  const matches = (label: string) => label.toLowerCase().includes(text.toLowerCase());
  const assets = (text === "" ? [] : data?.items ?? []).map((asset): Found => ({
    id: `a${asset.key}`, label: asset.key, note: [asset.group, ...asset.kinds].filter(Boolean).join(" · "),
    icon: <StateIcon state={asset.external && asset.status === "never" ? "external" : asset.status} stale={asset.stale.is} />,
    run: () => void navigate({ to: "/assets/$key", params: { key: keyToPath(asset.key) }, search: {} }),
  }));
  const first = assets[0] && data?.items[0];
  const starts: Found[] = first && !first.external ? [{
    id: "m", label: `Materialize ${first.key}`, icon: <IconPlayerPlayFilled size={13} />, run: () => materialize.mutate({ select: quoted(first.key) }),
  }] : [];
  const number = /^#?(\d+)$/.exec(text)?.[1];
  const runs: Found[] = number ? [{ id: "run", label: `Run #${number}`, icon: <StateIcon state="queued" />, run: () => void navigate({ to: "/runs/$id", params: { id: number }, search: {} }) }] : [];
  const places = [...pages, ...morePages].filter((page) => matches(page.label)).map((page): Found => ({
    id: page.to, label: page.label, note: `g ${page.key}`, icon: <page.icon size={15} stroke={1.6} />, run: () => void navigate({ to: page.to }),
  }));
  return [
    { name: "Runs", items: runs }, { name: "Assets", items: assets }, { name: "Pages", items: places },
    { name: "Actions", items: [...starts, ...actions.filter((action) => matches(action.label))] },
  ];
}

function useActions(): Found[] {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme();
  const reload = useMutation({ mutationFn: reloadDefinitions, onError: toastProblem("The definitions did not load") });
  const materialize = useMaterialize();
  return [
    { id: "theme", label: scheme === "dark" ? "Use the light theme" : "Use the dark theme", icon: <IconMoon size={15} />, run: () => setColorScheme(scheme === "dark" ? "light" : "dark") },
    { id: "reload", label: "Reload the definitions", icon: <IconRefresh size={15} />, run: () => reload.mutate() },
    { id: "failed", label: "Materialize everything that failed", note: "status:failed", icon: <IconPlayerPlayFilled size={13} />, run: () => materialize.mutate({ select: "status:failed" }) },
  ];
}

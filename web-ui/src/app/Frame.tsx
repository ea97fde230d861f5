import { ActionIcon, Kbd, Menu, Tooltip, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { Notifications } from "@mantine/notifications";
import { spotlight } from "@mantine/spotlight";
import { IconDots, IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand, IconMoon, IconSearch, IconSun } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { projectQuery } from "@/api/queries";
import type { Project } from "@/api/types";
import { StateIcon } from "@/ui/StateIcon";
import { Finder } from "./Finder";
import { Keys } from "./Keys";
import { LiveDot } from "./LiveDot";
import { morePages, pages, type PageLink } from "./pages";
import { PausedBanner } from "./PausedBanner";

/** Rail, top bar and the page between them; on a phone the rail is a bottom bar. */
export function Frame() {
  const [narrow, setNarrow] = useLocalStorage({ key: "assetd-rail", defaultValue: "wide" });
  const { data: project } = useQuery(projectQuery);
  const collapsed = narrow === "narrow";
  return (
    <div className="frame" data-collapsed={collapsed || undefined}>
      <a href="#main" className="skip-link">Skip to the page</a>
      <Rail collapsed={collapsed} toggle={() => setNarrow(collapsed ? "wide" : "narrow")} project={project} />
      <TopBar project={project} />
      <main id="main" className="frame-main" tabIndex={-1}>
        {project?.latched && <Latched project={project} />}
        {project?.disk && <NoRoom why={project.disk} />}
        {project?.environment && !/^prod/i.test(project.environment) && <Replica name={project.environment} />}
        {project?.draining && <Draining why={project.draining} />}
        <div className="frame-page"><Outlet /></div>
        {project?.automation_paused && <PausedBanner pause={project.automation_paused} />}
      </main>
      <BottomBar />
      <Finder />
      <Keys />
      {/* Inside the router, because toasts link to runs. */}
      <Notifications position="bottom-right" limit={4} />
    </div>
  );
}

function RailLink({ page, collapsed, note }: { page: PageLink; collapsed: boolean; note?: number }) {
  const Icon = page.icon;
  return (
    <Tooltip label={page.label} position="right" disabled={!collapsed}>
      <Link to={page.to} className="rail-link" activeOptions={{ exact: page.to === "/", includeSearch: false }} aria-label={page.label}>
        <Icon size={17} stroke={1.6} />
        <span className="rail-label">{page.label}</span>
        {!!note && <span className="rail-note num">{note}</span>}
      </Link>
    </Tooltip>
  );
}

function Rail({ collapsed, toggle, project }: { collapsed: boolean; toggle: () => void; project?: Project }) {
  return (
    <nav className="rail" aria-label="Pages">
      <Link to="/" className="rail-brand" aria-label="assetd, overview"><img src="/icon.svg" width={22} height={22} alt="" /><span className="rail-label">assetd</span></Link>
      {pages.map((page) => <RailLink key={page.to} page={page} collapsed={collapsed} note={page.to === "/runs" ? project?.counts.running_runs : undefined} />)}
      <div className="spacer" />
      {morePages.map((page) => <RailLink key={page.to} page={page} collapsed={collapsed} />)}
      <button type="button" className="rail-link" onClick={toggle} aria-label={collapsed ? "Expand the rail" : "Collapse the rail"}>
        {collapsed ? <IconLayoutSidebarLeftExpand size={17} stroke={1.6} /> : <IconLayoutSidebarLeftCollapse size={17} stroke={1.6} />}
        <span className="rail-label">Collapse</span>
      </button>
    </nav>
  );
}

/** Nobody should take a replica for the real thing. */
function Replica({ name }: { name: string }) {
  return <div className="replica small" role="note"><span className="strong">{name}</span> is a replica with data of its own: what happens here happens nowhere else.</div>;
}

function TopBar({ project }: { project?: Project }) {
  const production = /^prod/i.test(project?.environment ?? "");
  return (
    <header className="top">
      <div className="row tight clip">
        <span className="strong clip">{project?.name ?? " "}</span>
        {project?.environment && <span className="tag" data-production={production || undefined}>{project.environment}</span>}
      </div>
      <button type="button" className="search" onClick={() => spotlight.open()} aria-label="Search assets, runs, pages">
        <IconSearch size={14} /><span className="grow wide-only">Search assets, runs, pages…</span><Kbd size="xs" className="wide-only">Ctrl K</Kbd>
      </button>
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <Running project={project} />
        <LiveDot />
        <ThemeToggle />
      </div>
    </header>
  );
}

function Running({ project }: { project?: Project }) {
  const running = project?.counts.running_runs ?? 0;
  const queued = project?.counts.queued_runs ?? 0;
  if (running + queued === 0) return null;
  return (
    <Link to="/runs" search={{ status: running > 0 ? "running" : "queued" }} className="row tight num top-running" aria-label={`${running} running, ${queued} queued`}>
      <StateIcon state={running > 0 ? "running" : "queued"} size={14} /><span className="wide-only">{running} running{queued > 0 ? `, ${queued} queued` : ""}</span>
    </Link>
  );
}

function ThemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme() === "dark";
  return (
    <Tooltip label={dark ? "Light theme" : "Dark theme"}>
      <ActionIcon aria-label={dark ? "Light theme" : "Dark theme"} onClick={() => setColorScheme(dark ? "light" : "dark")}>
        {dark ? <IconSun size={16} stroke={1.6} /> : <IconMoon size={16} stroke={1.6} />}
      </ActionIcon>
    </Tooltip>
  );
}

function Latched({ project }: { project: Project }) {
  return (
    <div className="notice bad" role="alert" style={{ borderRadius: 0, borderWidth: "0 0 1px" }}>
      <StateIcon state="failed" size={16} />
      <div><span className="strong">Nothing is being started.</span> The store refused a write: {project.latched?.why}. What is shown is what was committed. <Link to="/health" className="link" style={{ textDecoration: "underline" }}>Health</Link></div>
    </div>
  );
}

function NoRoom({ why }: { why: string }) {
  return (
    <div className="notice bad" role="alert" style={{ borderRadius: 0, borderWidth: "0 0 1px" }}>
      <StateIcon state="failed" size={16} />
      <div><span className="strong">No step is being started:</span> {why}.</div>
    </div>
  );
}

function Draining({ why }: { why: string }) {
  return (
    <div className="notice" role="status" style={{ borderRadius: 0, borderWidth: "0 0 1px" }}>
      <StateIcon state="canceling" size={16} />
      <div><span className="strong">This daemon is stopping:</span> {why}.</div>
    </div>
  );
}

function BottomBar() {
  return (
    <nav className="bottom" aria-label="Pages">
      {pages.slice(0, 4).map((page) => <BottomLink key={page.to} page={page} />)}
      <Menu position="top-end" width={200}>
        <Menu.Target><button type="button" className="bottom-link"><IconDots size={20} stroke={1.6} /><span>More</span></button></Menu.Target>
        <Menu.Dropdown>
          {[...pages.slice(4), ...morePages].map((page) => (
            <Menu.Item key={page.to} component={Link} to={page.to} leftSection={<page.icon size={16} stroke={1.6} />}>{page.label}</Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </nav>
  );
}

function BottomLink({ page }: { page: PageLink }) {
  return (
    <Link to={page.to} className="bottom-link" activeOptions={{ exact: page.to === "/", includeSearch: false }}>
      <page.icon size={20} stroke={1.6} /><span>{page.label}</span>
    </Link>
  );
}

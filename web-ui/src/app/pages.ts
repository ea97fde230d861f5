import {
  IconAdjustments, IconBell, IconCalendarRepeat, IconClockPlay, IconFileCode, IconHeartbeat, IconLayoutDashboard, IconListDetails, IconPlayerPlay, IconSchema, IconShieldCheck,
  IconStack2, IconTimelineEvent,
} from "@tabler/icons-react";

export const pages = [
  { to: "/", label: "Overview", icon: IconLayoutDashboard, key: "o" },
  { to: "/lineage", label: "Lineage", icon: IconSchema, key: "l" },
  { to: "/assets", label: "Catalog", icon: IconListDetails, key: "c" },
  { to: "/runs", label: "Runs", icon: IconPlayerPlay, key: "r" },
  { to: "/backfills", label: "Backfills", icon: IconCalendarRepeat, key: "b" },
  { to: "/automation", label: "Automation", icon: IconClockPlay, key: "a" },
  { to: "/queue", label: "Queue", icon: IconStack2, key: "q" },
  { to: "/forecast", label: "Forecast", icon: IconTimelineEvent, key: "f" },
  { to: "/definitions", label: "Definitions", icon: IconFileCode, key: "d" },
] as const;

export const morePages = [
  { to: "/alerts", label: "Alerts", icon: IconBell, key: "t" },
  { to: "/audit", label: "Audit", icon: IconShieldCheck, key: "u" },
  { to: "/health", label: "Health", icon: IconHeartbeat, key: "h" },
  { to: "/settings", label: "Settings", icon: IconAdjustments, key: "s" },
] as const;

export type PageLink = (typeof pages)[number] | (typeof morePages)[number];

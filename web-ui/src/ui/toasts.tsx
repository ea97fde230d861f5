import { notifications } from "@mantine/notifications";
import { Link } from "@tanstack/react-router";
import { ApiError } from "@/api/client";
import type { RunPlan } from "@/api/types";
import { StateIcon } from "./StateIcon";

export const toastRun = (plan: RunPlan, what = "Run") =>
  notifications.show({
    title: <span>{what} <Link to="/runs/$id" params={{ id: plan.id ?? "" }} className="link" style={{ textDecoration: "underline" }}>#{plan.id}</Link> {plan.status ?? "queued"}</span>,
    message: `${plan.steps_total.toLocaleString("en")} ${plan.steps_total === 1 ? "step" : "steps"}`,
    icon: <StateIcon state="running" size={18} />, color: "transparent", autoClose: 6000,
  });

export const toastProblem = (title: string) => (error: unknown) =>
  notifications.show({
    title, message: error instanceof ApiError ? error.detail || error.title : String(error),
    icon: <StateIcon state="failed" size={18} />, color: "transparent", autoClose: 10_000,
  });

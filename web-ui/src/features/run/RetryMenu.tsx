import { Button, Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { retryRun, type RetryRequest } from "@/api/actions";
import { ApiError } from "@/api/client";
import { retryPlanQuery } from "@/api/queries";
import { toastProblem, toastRun } from "@/ui/Materialize";

/** The ways to run one step again, of its partition alone where it has one, each with how much that is before it is pressed. */
export function RetryMenu({ run, step, partition }: { run: string; step: string; partition: string | null }) {
  const [open, setOpen] = useState(false);
  const navigate = useNavigate();
  const retry = useMutation({
    mutationFn: (request: RetryRequest) => retryRun(run, request), onError: toastProblem("The retry was not started"),
    onSuccess: (plan) => {
      toastRun(plan, "Retry");
      if (plan.id) void navigate({ to: "/runs/$id", params: { id: plan.id }, search: {} });
    },
  });
  const item = (label: string, scope: RetryRequest["scope"]) => <Item key={label} run={run} label={label} request={{ steps: [step], ...(partition !== null && { partitions: [partition] }), ...(scope && { scope }) }} open={open} start={retry.mutate} />;
  return (
    <Menu opened={open} onChange={setOpen} position="bottom-start">
      <Menu.Target><Button variant="default" rightSection={<IconChevronDown size={13} />} loading={retry.isPending}>Retry this…</Button></Menu.Target>
      <Menu.Dropdown>
        {item(partition === null ? "This step" : "This partition", undefined)}
        {item("With downstream", "downstream")}
        {item("With stale upstream", "stale_upstream")}
        {item("Only its checks", "checks")}
      </Menu.Dropdown>
    </Menu>
  );
}

function Item({ run, label, request, open, start }: { run: string; label: string; request: RetryRequest; open: boolean; start: (request: RetryRequest) => void }) {
  const plan = useQuery({ ...retryPlanQuery(run, request), enabled: open });
  const why = plan.error instanceof ApiError ? plan.error.detail : undefined;
  const count = plan.data?.steps_total;
  return (
    <Menu.Item onClick={() => start(request)} disabled={!!plan.error} title={why} rightSection={<span className="faint small num">{count === undefined ? (plan.error ? "none" : "") : `${count.toLocaleString("en")} ${count === 1 ? "step" : "steps"}`}</span>}>
      {label}
    </Menu.Item>
  );
}

import { ActionIcon, Button, HoverCard, Menu } from "@mantine/core";
import { IconChevronDown, IconPlayerPlayFilled } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { createRun, type RunRequest } from "@/api/actions";
import { ApiError } from "@/api/client";
import { planQuery } from "@/api/queries";
import type { RunPlan } from "@/api/types";
import { PartitionsDialog, type PartitionsAsked } from "./PartitionsDialog";
import { toastProblem, toastRun } from "./toasts";

export { toastProblem, toastRun };

/** Starts a run and says so with a link to it. */
export function useMaterialize() {
  return useMutation({ mutationFn: (request: RunRequest) => createRun(request), onSuccess: (plan) => toastRun(plan), onError: toastProblem("The run was not started") });
}

const assets = (n: number) => `${n.toLocaleString("en")} ${n === 1 ? "asset" : "assets"}`;

interface Props {
  select: string;
  /** Known number, e.g. 1 for a single asset; else the daemon is asked what the selection would run. */
  single?: boolean;
  dbt?: boolean;
  walks?: boolean;
  variant?: "filled" | "default";
  compact?: boolean;
  /** The asset is divided: it asks which partitions first. Else that is known from what the selection would run. */
  divided?: boolean;
  /** What else the menu offers. */
  more?: { label: string; open: () => void };
}

const latest: PartitionsAsked = { which: "latest", how: "run" };

/** "Materialize 4 assets": says how many before it is pressed, which on hover, and offers the ways to widen it. */
export function MaterializeButton({ select, single, dbt, walks, variant = "filled", compact, divided: known, more }: Props) {
  const start = useMaterialize();
  const [hovered, setHovered] = useState(false);
  const [asking, setAsking] = useState<PartitionsAsked | null>(null);
  const plan = useQuery({ ...planQuery(select), enabled: !single || hovered });
  const count = plan.data && new Set(plan.data.steps.map((step) => step.key)).size + plan.data.steps_total - plan.data.steps.length;
  const divided = known ?? plan.data?.steps.some((step) => step.partition !== null) ?? false;
  const label = single ? "Materialize" : count === undefined ? "Materialize" : `Materialize ${assets(count)}`;
  const ask = divided ? "…" : "";
  const menu = walks || dbt;
  return (
    <Button.Group>
      <HoverCard openDelay={350} width={300} position="bottom-end" onOpen={() => setHovered(true)}>
        <HoverCard.Target>
          <Button
            variant={variant} leftSection={<IconPlayerPlayFilled size={12} />} loading={start.isPending} disabled={!!plan.error || count === 0}
            onClick={() => (divided ? setAsking(latest) : start.mutate({ select }))} data-testid="materialize"
          >
            {compact ? "Materialize" : label}{ask}
          </Button>
        </HoverCard.Target>
        <HoverCard.Dropdown p={12}><PlanPreview plan={plan.data} error={plan.error} /></HoverCard.Dropdown>
      </HoverCard>
      {menu && <WalkMenu select={select} walks={walks} dbt={dbt} more={more} variant={variant} start={(request) => start.mutate(request)} />}
      {asking && <PartitionsDialog select={select} single={single} asked={asking} close={() => setAsking(null)} />}
    </Button.Group>
  );
}

function PlanPreview({ plan, error }: { plan?: RunPlan; error: unknown }) {
  if (error) return <div className="bad">{error instanceof ApiError ? error.detail || error.title : String(error)}</div>;
  if (!plan) return <div className="dim">Planning…</div>;
  const shown = plan.steps.slice(0, 10);
  return (
    <div>
      <div className="strong" style={{ marginBottom: 4 }}>Would run {plan.steps.some((step) => step.partition) ? `${plan.steps_total.toLocaleString("en")} ${plan.steps_total === 1 ? "step" : "steps"}` : assets(plan.steps_total)}</div>
      {shown.map((step) => <div key={`${step.key}${step.partition ?? ""}`} className="clip dim">{step.key}{step.partition ? ` [${step.partition}]` : ""}</div>)}
      {plan.steps_total > shown.length && <div className="faint small">and {(plan.steps_total - shown.length).toLocaleString("en")} more</div>}
    </div>
  );
}

interface WalkProps extends Pick<Props, "select" | "walks" | "dbt" | "more"> { variant: string; start: (request: RunRequest) => void }

function WalkMenu({ select, walks, dbt, more, variant, start }: WalkProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  // A dialog gives the focus back to what had it when it opened; the menu's item is gone by then.
  const openMore = () => {
    button.current?.focus();
    more?.open();
  };
  const around = /[\s()]/.test(select) ? `(${select})` : select;
  const item = (label: string, request: RunRequest) => <PlannedItem key={label} label={label} request={request} open={open} start={start} />;
  return (
    <Menu opened={open} onChange={setOpen}>
      <Menu.Target>
        <ActionIcon ref={button} variant={variant} color={variant === "filled" ? "ink" : "gray"} size={30} aria-label="More ways to materialize" style={{ borderLeft: variant === "filled" ? "1px solid color-mix(in srgb, var(--bg) 30%, transparent)" : undefined }}>
          <IconChevronDown size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {walks && item("With upstream", { select: `+${around}` })}
        {walks && item("With downstream", { select: `${around}+` })}
        {walks && item("With stale upstream", { select: `${around} or (+${around} and (stale:true or status:never or status:failed))` })}
        {item("Only its checks", { select, steps: "checks" })}
        {dbt && item("dbt full refresh", { select, options: { dbt: { full_refresh: true } } })}
        {more && <><Menu.Divider /><Menu.Item onClick={openMore}>{more.label}</Menu.Item></>}
      </Menu.Dropdown>
    </Menu>
  );
}

function PlannedItem({ label, request, open, start }: { label: string; request: RunRequest; open: boolean; start: (request: RunRequest) => void }) {
  const plan = useQuery({ ...planQuery(request.select, request.steps), enabled: open });
  return (
    <Menu.Item onClick={() => start(request)} disabled={!!plan.error} rightSection={<span className="faint small num">{plan.data ? assets(plan.data.steps_total) : ""}</span>}>
      {label}
    </Menu.Item>
  );
}

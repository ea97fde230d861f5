import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { assetAutomationQuery, projectQuery } from "@/api/queries";
import type { AutomationDetail } from "@/api/types";
import { automationState, PauseButton, PausedBy, ResumeButton } from "@/ui/AutomationPause";
import { CopyButton } from "@/ui/CopyButton";
import { Empty } from "@/ui/Empty";
import { RunLink } from "@/ui/links";
import { Loaded } from "@/ui/Loaded";
import { StateIcon } from "@/ui/StateIcon";
import { stateMeta } from "@/ui/stateMeta";
import { Ago } from "@/ui/Time";
import { AnswerTree } from "./AnswerTree";
import { Evaluations } from "./Evaluations";

/** Why it is, or is not, materialized by itself: now, and each time its condition came to another answer. */
export function AutomationTab({ name }: { name: string }) {
  const automation = useQuery(assetAutomationQuery(name));
  return (
    <Loaded query={automation}>
      {(data) => data.condition === null
        ? <Empty title="No automation" code={`    automation: eager\n`}>It is made only by runs that somebody or a schedule starts. A condition in its definition has it materialized by itself.</Empty>
        : <Body automation={data} condition={data.condition} />}
    </Loaded>
  );
}

function Body({ automation, condition }: { automation: AutomationDetail; condition: string }) {
  return (
    <div className="asset-automation">
      <div className="row" style={{ minHeight: 30, marginBottom: 12, alignItems: "flex-start" }}>
        <div className="grow" style={{ paddingTop: 5 }}><State automation={automation} /></div>
        {automation.paused ? <ResumeButton name={automation.key} /> : <PauseButton name={automation.key} />}
      </div>
      <dl className="facts section">
        <dt>Condition</dt><dd className="row tight"><span className="mono" style={{ overflowWrap: "anywhere" }}>{condition}</span><CopyButton text={condition} label="Copy the condition" /></dd>
        <dt>Next</dt><dd style={{ overflowWrap: "anywhere" }}>{automation.next}</dd>
        <dt>Asked for</dt><dd>{automation.requested_at ? <><Ago at={automation.requested_at} />{automation.run_id && <>, in run <span className="answer-asset"><RunLink id={automation.run_id} step={automation.key} /></span></>}</> : <span className="dim">never yet</span>}</dd>
      </dl>
      {automation.answer && <section className="section"><h2>What it says now</h2><AnswerTree answer={automation.answer} label="What the condition says now" /></section>}
      <section className="section"><h2>Past evaluations</h2><Evaluations name={automation.key} /></section>
    </div>
  );
}

function State({ automation }: { automation: AutomationDetail }) {
  const { data: project } = useQuery(projectQuery);
  const state = automationState(automation);
  const why: Record<string, ReactNode> = {
    muted: automation.paused && <><PausedBy pause={automation.paused} />: {automation.paused.reason}</>,
    due: project?.automation_paused ? "when all automation is resumed" : "its condition is true",
    held: automation.held,
    waits: automation.next,
  };
  return (
    <div className="row" style={{ alignItems: "flex-start" }} data-testid="automation-state">
      <span style={{ paddingTop: 2 }}><StateIcon state={state} size={15} /></span>
      <span style={{ overflowWrap: "anywhere", minWidth: 0 }}><span className="strong">{stateMeta(state).label}</span> <span className="dim">{why[state]}</span></span>
    </div>
  );
}

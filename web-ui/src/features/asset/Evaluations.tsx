import { Button } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { evaluationsQuery } from "@/api/queries";
import type { Evaluation } from "@/api/types";
import { RunLink } from "@/ui/links";
import { Problem, Waiting } from "@/ui/Loaded";
import { StateIcon } from "@/ui/StateIcon";
import { Ago, At } from "@/ui/Time";
import { AnswerTree } from "./AnswerTree";

/** When its condition came to another answer or asked for a run, newest first. */
export function Evaluations({ name }: { name: string }) {
  const evaluations = useInfiniteQuery(evaluationsQuery(name));
  if (evaluations.error && !evaluations.data) return <Problem error={evaluations.error} retry={() => void evaluations.refetch()} />;
  if (!evaluations.data) return <Waiting />;
  const items = evaluations.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <div className="dim">Its condition has said the same since it was first looked at.</div>;
  return (
    <>
      <div className="panel">{items.map((one) => <Row key={one.id} evaluation={one} name={name} />)}</div>
      {evaluations.hasNextPage && <Button variant="default" mt={12} loading={evaluations.isFetchingNextPage} onClick={() => void evaluations.fetchNextPage()}>More</Button>}
    </>
  );
}

function Row({ evaluation, name }: { evaluation: Evaluation; name: string }) {
  const [open, setOpen] = useState(false);
  return (
    <div className="evaluation">
      <div className="evaluation-line">
        <button type="button" className="evaluation-fold" aria-expanded={open} onClick={() => setOpen(!open)}>
          <span className="fold" aria-hidden><IconChevronRight size={14} /></span>
          <span className="evaluation-at"><At at={evaluation.at} /></span>
          <span className="state"><StateIcon state={evaluation.holds ? "true" : "false"} size={13} />{evaluation.holds ? "true" : "false"}</span>
        </button>
        {evaluation.run_id && <span className="clip"><span className="wide-only">asked for </span>run <span className="answer-asset"><RunLink id={evaluation.run_id} step={name} /></span></span>}
        <span className="spacer" />
        <span className="dim wide-only"><Ago at={evaluation.at} /></span>
      </div>
      {open && <div className="evaluation-tree"><AnswerTree answer={evaluation.answer} label="How it came to this answer" /></div>}
    </div>
  );
}

import { IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import type { ConditionAnswer } from "@/api/types";
import { deciding, foldedText, opens } from "@/system/automation/answer";
import { localTimes } from "@/system/time/format";
import { AssetLink } from "@/ui/links";
import { StateIcon } from "@/ui/StateIcon";

/** What somebody folded or unfolded, by path of child numbers; the rest is open where it decides. */
interface Tree { folds: ReadonlyMap<string, boolean>; set: (path: string, open: boolean) => void }

/** How a condition came to its answer: what decided it is in ink and open, the rest quiet and folded. */
export function AnswerTree({ answer, label }: { answer: ConditionAnswer; label: string }) {
  const [folds, setFolds] = useState<ReadonlyMap<string, boolean>>(new Map());
  const tree: Tree = { folds, set: (path, open) => setFolds(new Map(folds).set(path, open)) };
  return <ul className="answer" aria-label={label}><Node node={answer} path="0" decides tree={tree} /></ul>;
}

function Node({ node, path, decides, tree }: { node: ConditionAnswer; path: string; decides: boolean; tree: Tree }) {
  const children = node.children ?? [];
  const open = tree.folds.get(path) ?? opens(node, decides);
  const deciders = deciding(node);
  return (
    <li>
      <div className="answer-line" data-decides={decides || undefined}>
        {children.length > 0 ? (
          <button type="button" className="fold" aria-expanded={open} aria-label={`${open ? "Fold" : "Unfold"} ${node.name}${node.asset ? ` of ${node.asset}` : ""}`} onClick={() => tree.set(path, !open)}><IconChevronRight size={14} /></button>
        ) : <span className="fold" />}
        <span className="answer-mark"><StateIcon state={node.holds ? "true" : "false"} size={13} /></span>
        <span>
          <span className="mono answer-name">{node.name}</span>
          {node.asset && <> <span className="dim">of</span> <span className="answer-asset"><AssetLink name={node.asset} /></span></>}
          {" "}<span className="dim small">{localTimes(node.reason)}{!open && children.length > 0 && <span className="faint"> ({foldedText(node)})</span>}</span>
        </span>
      </div>
      {open && children.length > 0 && (
        <ul>
          {children.map((child, i) => <Node key={i} node={child} path={`${path}.${i}`} decides={decides && deciders.has(child)} tree={tree} />)}
          {node.more ? <li className="answer-line faint small"><span className="fold" /><span className="answer-mark" /><span>and {node.more.toLocaleString("en")} more that say the same or do not matter</span></li> : null}
        </ul>
      )}
    </li>
  );
}

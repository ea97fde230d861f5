import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { json } from "@codemirror/lang-json";
import { sql } from "@codemirror/lang-sql";
import { yaml } from "@codemirror/lang-yaml";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import { CopyButton } from "@/ui/CopyButton";

const languages = { yaml, sql, json };
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.propertyName, tags.definition(tags.propertyName)], color: "var(--log-blue)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--log-green)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--log-magenta)" },
  { tag: [tags.comment, tags.meta], color: "var(--text-faint)" },
]);
const look = EditorView.theme({
  "&": { backgroundColor: "var(--bg-sunken)", color: "var(--text)", maxHeight: "480px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "18px" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--text-faint)", border: "0" },
  "&.cm-focused": { outline: "none" },
});

/** Source text, read-only, with colours. */
export function CodeView({ text, language, label }: { text: string; language: keyof typeof languages; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const view = new EditorView({
      parent: box.current!,
      state: EditorState.create({
        doc: text.trimEnd(),
        extensions: [
          EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }), lineNumbers(),
          languages[language](), syntaxHighlighting(colours), look,
        ],
      }),
    });
    return () => view.destroy();
  }, [text, language, label]);
  return (
    <div style={{ position: "relative" }}>
      <div ref={box} className="code-view" />
      <div style={{ position: "absolute", top: 4, right: 8 }}><CopyButton text={text} label={`Copy ${label}`} /></div>
    </div>
  );
}

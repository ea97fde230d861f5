import { Combobox, TextInput, useCombobox } from "@mantine/core";
import { IconFilter } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { attributesQuery, lineageQuery } from "@/api/queries";
import { accept, attributeAt, complete, type Suggestion, type Vocabulary } from "@/system/selection/complete";

const unique = (list: (string | null)[]) => [...new Set(list.filter((item): item is string => !!item))].sort();

const described = ["tag", "owner", "import", "path"];
const nothing = { tags: [], owners: [], imports: [], paths: [] };

function useVocabulary(on: boolean, attribute: string | undefined): Vocabulary {
  const { data } = useQuery({ ...lineageQuery(""), enabled: on });
  const { data: values = nothing } = useQuery({ ...attributesQuery, enabled: on && attribute !== undefined && described.includes(attribute) });
  return useMemo(() => {
    const nodes = data?.nodes ?? [];
    return {
      names: nodes.map((node) => node.key), groups: unique(nodes.map((node) => node.group)), kinds: unique(nodes.flatMap((node) => node.kinds)),
      ...values,
    };
  }, [data, values]);
}

interface Props { value: string; onSubmit: (value: string) => void; error?: string; placeholder?: string; width?: number | string; label: string; note?: string }

/** A field for the selection language. Completes at the caret; applies on Enter or when left. `/` focuses it. */
export function SelectionInput({ value, onSubmit, error, placeholder, width = 320, label, note }: Props) {
  const [text, setText] = useState(value);
  const [caret, setCaret] = useState(value.length);
  const [known, setKnown] = useState(value);
  const [touched, setTouched] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const box = useCombobox({ onDropdownClose: () => box.resetSelectedOption() });
  if (known !== value) {
    setKnown(value);
    setText(value);
  }
  const vocabulary = useVocabulary(touched, attributeAt(text, caret));
  const completion = useMemo(() => complete(text, caret, vocabulary), [text, caret, vocabulary]);
  useSlashFocus(field);
  const submit = (next: string) => {
    box.closeDropdown();
    onSubmit(next.trim());
  };
  const take = (index: string) => {
    const chosen = completion.suggestions[Number(index)];
    if (!chosen) return;
    const next = accept(text, completion, chosen);
    setText(next.text);
    setCaret(next.caret);
    requestAnimationFrame(() => field.current?.setSelectionRange(next.caret, next.caret));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && box.getSelectedOptionIndex() < 0) submit(text);
    else if (event.key === "Escape" && !box.dropdownOpened) {
      setText("");
      submit("");
      field.current?.blur();
    } else if (event.key === "Tab" && box.dropdownOpened && completion.suggestions.length > 0 && text !== "") {
      event.preventDefault();
      take(String(Math.max(0, box.getSelectedOptionIndex())));
    }
  };
  return (
    <Combobox store={box} onOptionSubmit={take} width="max-content" position="bottom-start" shadow="sm" transitionProps={{ duration: 0 }}>
      <Combobox.Target>
        <TextInput
          ref={field} aria-label={label} placeholder={placeholder ?? "Filter: name, +upstream, group:gold, status:failed…"} value={text} error={error} w={width}
          spellCheck={false} autoComplete="off" leftSection={<IconFilter size={14} />} rightSection={note ? <span className="small faint num" style={{ paddingRight: 8 }}>{note}</span> : undefined}
          rightSectionWidth={note ? 12 + note.length * 7 : undefined} styles={{ input: { fontFamily: text ? "var(--mono)" : undefined, fontSize: 12.5 }, error: { whiteSpace: "normal" } }}
          onFocus={() => { setTouched(true); box.openDropdown(); }} onBlur={() => { box.closeDropdown(); if (text.trim() !== value) onSubmit(text.trim()); }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? text.length)} onKeyDown={onKeyDown}
          onChange={(event) => { setText(event.currentTarget.value); setCaret(event.currentTarget.selectionStart ?? 0); box.openDropdown(); box.resetSelectedOption(); }}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={completion.suggestions.length === 0} miw={220}>
        <Combobox.Options mah={300} style={{ overflowY: "auto" }}>
          {completion.suggestions.map((item, i) => <Option key={item.kind + item.text} item={item} value={String(i)} />)}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

const kinds: Record<Suggestion["kind"], string> = { name: "asset", attribute: "attribute", value: "", operator: "", function: "" };

function Option({ item, value }: { item: Suggestion; value: string }) {
  return (
    <Combobox.Option value={value} py={4}>
      <span className="row" style={{ justifyContent: "space-between", gap: 24 }}>
        <span className="mono">{item.text}</span>
        <span className="faint small">{kinds[item.kind]}</span>
      </span>
    </Combobox.Option>
  );
}

function useSlashFocus(field: React.RefObject<HTMLInputElement | null>) {
  useEffect(() => {
    const focus = (event: globalThis.KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== "/" || event.ctrlKey || event.metaKey || target.closest("input, textarea, [contenteditable]")) return;
      event.preventDefault();
      field.current?.focus();
    };
    window.addEventListener("keydown", focus);
    return () => window.removeEventListener("keydown", focus);
  }, [field]);
}

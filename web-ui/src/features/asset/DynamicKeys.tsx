import { Button, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { changePartitionKeys } from "@/api/actions";
import { keys as cacheKeys } from "@/api/keys";
import { partitionSetQuery } from "@/api/queries";
import { toastProblem } from "@/ui/toasts";

const shownAtOnce = 200;

/** The keys of a set that comes and goes: added here, by steps, or by the API. One that is removed keeps what was made of it. */
export function DynamicKeys({ name }: { name: string }) {
  const client = useQueryClient();
  const set = useQuery(partitionSetQuery(name));
  const [text, setText] = useState("");
  const [all, setAll] = useState(false);
  const change = useMutation({
    mutationFn: (what: { add?: string[]; remove?: string[] }) => changePartitionKeys(name, what),
    onSuccess: (_, what) => {
      if (what.add) setText("");
      for (const queryKey of [cacheKeys.partitionSets, cacheKeys.allAssetPages]) void client.invalidateQueries({ queryKey });
    },
    onError: toastProblem("The keys were not changed"),
  });
  const wanted = text.split(/[\s,]+/).filter(Boolean);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wanted.length > 0) change.mutate({ add: wanted });
  };
  const keys = set.data?.keys ?? [];
  return (
    <section className="section" style={{ marginTop: 20 }} aria-label={`Keys of the set ${name}`}>
      <h2 className="section-title">Keys of the set {name} <span className="count">{keys.length.toLocaleString("en")}</span></h2>
      <form className="row" onSubmit={submit} style={{ marginBottom: 8 }}>
        <TextInput aria-label={`Keys to add to ${name}`} placeholder="New keys, separated by spaces" value={text} w={260} spellCheck={false} onChange={(event) => setText(event.currentTarget.value)} />
        <Button type="submit" variant="default" disabled={wanted.length === 0} loading={change.isPending && !!change.variables.add}>Add {wanted.length > 1 && wanted.length}</Button>
      </form>
      <div className="row wrap" style={{ gap: 6, minHeight: 24 }}>
        {keys.slice(0, all ? undefined : shownAtOnce).map((key) => (
          <span key={key} className="tag" style={{ height: 24, gap: 2, paddingRight: 2, fontSize: 12, color: "var(--text)" }}>{key}
            <button type="button" className="key-remove" aria-label={`Remove ${key} from ${name}`} title="Remove; what was made of it stays" disabled={change.isPending} onClick={() => change.mutate({ remove: [key] })}><IconX size={12} /></button>
          </span>
        ))}
        {!all && keys.length > shownAtOnce && <button type="button" className="plain-link small" onClick={() => setAll(true)}>and {(keys.length - shownAtOnce).toLocaleString("en")} more</button>}
      </div>
    </section>
  );
}

import { expect, it } from "vitest";
import { accept, complete, type Vocabulary } from "./complete";
import { attributeValues, type Described } from "./vocabulary";

const assets: Described[] = [
  { tags: { domain: "growth", pii: "" }, owners: ["team:growth"], import: "shop", source: { file: "dbt/models/gold/customers.sql" } },
  { tags: { domain: "risk" }, owners: ["team:growth", "the risk people"], import: null, source: { file: "assetd.yaml" } },
];
const words: Vocabulary = { names: [], groups: [], kinds: [], ...attributeValues(assets) };
const texts = (text: string) => complete(text, text.length, words).suggestions.map((suggestion) => suggestion.text);

it("gathers each value once", () => {
  expect(attributeValues(assets)).toEqual({
    tags: ["domain", "domain=growth", "domain=risk", "pii"], owners: ["team:growth", "the risk people"], imports: ["shop"],
    paths: ["assetd.yaml", "dbt", "dbt/models", "dbt/models/gold", "dbt/models/gold/customers.sql"],
  });
});

it("completes tags, owners, imports and paths", () => {
  expect(texts("tag:dom")).toEqual(["domain", "domain=growth", "domain=risk"]);
  expect(texts("tag:domain=r")).toEqual(["domain=risk"]);
  expect(texts("owner:")).toEqual(["team:growth", "the risk people"]);
  expect(texts("owner:team:g")).toEqual(["team:growth"]);
  expect(texts("group:gold and import:")).toEqual(["shop"]);
  expect(texts("path:dbt/models/g")).toEqual(["dbt/models/gold", "dbt/models/gold/customers.sql"]);
});

it("quotes a value that a word cannot hold", () => {
  const completion = complete("owner:the", 9, words);
  expect(accept("owner:the", completion, completion.suggestions[0]!).text).toBe('owner:"the risk people"');
});

import { expect, it } from "vitest";
import { ellipsis, wrapped } from "./ellipsis";

const measure = (text: string) => text.length * 10;

it("keeps what fits", () => expect(ellipsis("short", 100, "f", measure)).toBe("short"));
it("cuts the middle and keeps both ends", () => expect(ellipsis("stg_stripe__charges", 100, "f", measure)).toBe("stg_st…ges"));
it("drops the folders of a key before it cuts its name", () => {
  expect(ellipsis("warehouse/europe/gold_daily", 200, "f", measure)).toBe("…/europe/gold_daily");
  expect(ellipsis("warehouse/europe/gold_daily", 120, "f", measure)).toBe("…/gold_daily");
  expect(ellipsis("warehouse/europe/gold_weekly", 80, "f", measure)).toBe("gold_…ly");
  expect(ellipsis("warehouse/europe/", 100, "f", measure)).toBe("…/europe/");
});
it("shows nothing rather than a lone mark", () => expect(ellipsis("abc", 10, "f", measure)).toBe(""));

it("breaks a name at the separator nearest to its middle, where it does not fit", () => {
  const measure = (text: string) => text.length * 6;
  expect(wrapped("stg_stripe__charges", 200, "f", measure)).toEqual(["stg_stripe__charges"]);
  expect(wrapped("stg_stripe__charges", 80, "f", measure)).toEqual(["stg_stripe__", "charges"]);
  expect(wrapped("withoutanyseparator", 80, "f", measure)).toEqual(["withoutanyseparator"]);
});

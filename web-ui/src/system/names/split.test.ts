import { expect, it } from "vitest";
import { breakable, splitName } from "./split";

it("cuts nothing of a short name", () => expect(splitName("gold_customers")).toBeUndefined());
it("keeps the end of a long one", () => expect(splitName("warehouse/gold_customers_with_churn_score_daily")).toEqual(["warehouse/gold_customers_with_chu", "rn_score_daily"]));
it("keeps a partition whole", () => {
  expect(splitName("events_by_day [2025-12-31]")).toEqual(["events_by_da", "y [2025-12-31]"]);
  expect(splitName("events_by_hour [2025-12-31T14:00+01:00]")).toEqual(["events_by_hour", " [2025-12-31T14:00+01:00]"]);
});
it("keeps as much as is asked for", () => expect(splitName("/usr/share/plugins/dbt/plugin.yaml", 16)).toEqual(["/usr/share/plugins", "/dbt/plugin.yaml"]));
it("leaves no end without a beginning", () => expect(splitName("abcdefghijklmnopqrstuvwxyz", 26)).toBeUndefined());

it("breaks a name between its parts and puts nothing into it", () => {
  expect(breakable("silver/stg_stripe__charges.v2")).toEqual(["silver/", "stg_", "stripe__", "charges.", "v2"]);
  expect(breakable("plain")).toEqual(["plain"]);
});

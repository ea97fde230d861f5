import { expect, it } from "vitest";
import { ellipsis } from "./ellipsis";

const measure = (text: string) => text.length * 10;

it("keeps what fits", () => expect(ellipsis("short", 100, "f", measure)).toBe("short"));
it("cuts the middle and keeps both ends", () => expect(ellipsis("stg_stripe__charges", 100, "f", measure)).toBe("stg_st…ges"));
it("shows nothing rather than a lone mark", () => expect(ellipsis("abc", 10, "f", measure)).toBe(""));

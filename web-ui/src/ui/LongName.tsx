import { Fragment } from "react";
import { breakable } from "@/system/names/split";

/** A name over as many lines as it takes, broken between its parts. What is copied of it is the name. */
export function LongName({ name }: { name: string }) {
  return breakable(name).map((part, i) => <Fragment key={i}>{i > 0 && <wbr />}{part}</Fragment>);
}

import { Link } from "@tanstack/react-router";
import { Empty } from "@/ui/Empty";

export function NotFound() {
  return (
    <Empty title="There is no such page" action={<Link to="/" className="link" style={{ textDecoration: "underline" }}>Go to the overview</Link>}>
      The address may be mistyped, or come from another version of assetd. <kbd>Ctrl</kbd> <kbd>K</kbd> finds any asset, run or page.
    </Empty>
  );
}

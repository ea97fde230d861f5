import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

// The rooms of the dashboard, lowest first. An import may only point to a lower room; features never see each other.
const react = ["react", "react-dom", "react-dom/*", "@mantine/*", "@tanstack/*", "@tabler/*"];
const upwards = { group: ["../*", "../../*"], message: "Import from another room as @/room/…, from your own as ./…" };
const rooms = (group) => ({ group, message: "This room may not import that one." });
const forbid = (...group) => ({ "no-restricted-imports": ["error", { patterns: [upwards, rooms(group)] }] });
// Rooms with folders inside: a part may import its sibling.
const forbidNested = (...group) => ({ "no-restricted-imports": ["error", { patterns: [rooms(["../../*", ...group])] }] });

export default tseslint.config(
  { ignores: ["dist", "node_modules"] },
  ...tseslint.configs.strict,
  {
    files: ["**/*.{ts,tsx}"],
    plugins: { "react-hooks": hooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-invalid-void-type": "off",
      "max-lines": ["error", 500],
      "no-console": "error",
    },
  },
  { files: ["src/system/**"], rules: forbidNested(...react, "@/*") },
  { files: ["src/api/**"], rules: forbid("@/ui/*", "@/features/*", "@/app/*") },
  { files: ["src/ui/**"], rules: forbidNested("@/features/*", "@/app/*") },
  { files: ["src/features/**"], rules: forbid("@/features/*", "@/app/*") },
  { files: ["src/app/**"], rules: { "no-restricted-imports": ["error", { patterns: [upwards] }] } },
);

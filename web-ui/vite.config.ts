import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { fakeDaemon } from "./dev/fake/plugin.ts";

// `npm run dev` proxies to a daemon; `npm run dev:fake` answers from memory (dev/fake) and never reaches the build.
const daemon = process.env.ASSETD_URL ?? "http://127.0.0.1:8080";
// The daemon takes commands only from its own origin.
const proxied = { target: daemon, changeOrigin: true, headers: { origin: daemon } };

export default defineConfig(({ mode }) => ({
  base: "/",
  plugins: [react(), ...(mode === "fake" ? [fakeDaemon()] : [])],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { proxy: mode === "fake" ? undefined : Object.fromEntries(["/api", "/readyz", "/healthz", "/metrics"].map((path) => [path, proxied])) },
  build: { target: "es2022", assetsDir: "assets", chunkSizeWarningLimit: 700 },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
}));

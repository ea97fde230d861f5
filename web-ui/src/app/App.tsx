import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { ApiError } from "@/api/client";
import { LiveProvider } from "@/ui/live";
import { makeRouter } from "./router";
import { SessionGate } from "./SessionGate";
import { theme } from "./theme";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // The event stream keeps what is shown fresh; this is the bound for what it does not cover.
      staleTime: 30_000,
      retry: (count, error) => !(error instanceof ApiError && error.status >= 400 && error.status < 500) && count < 3,
    },
  },
});
const router = makeRouter(client);

declare module "@tanstack/react-router" {
  interface Register { router: typeof router }
}

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={client}>
        <LiveProvider client={client}>
          <SessionGate>
            <RouterProvider router={router} />
          </SessionGate>
        </LiveProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}

import type { QueryClient } from "@tanstack/react-query";
import { keys } from "./keys";

/** What people say of assets and checks shows on many pages. Who acted sees it at once, also where the stream is late. */
export const refreshAssets = (client: QueryClient) => Promise.all([keys.assets, keys.allAssetPages, keys.overview, ["run"]].map((queryKey) => client.invalidateQueries({ queryKey })));

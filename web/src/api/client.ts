// The generated client: typed by openapi.json, failing with a Problem.
import createFetchClient from "openapi-fetch";
import createQueryClient from "openapi-react-query";
import { authorizedFetch } from "./http";
import { problemOf } from "./problem";
import type { paths } from "./schema";

export const client = createFetchClient<paths>({ baseUrl: "", fetch: authorizedFetch });

client.use({
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
    return undefined;
  },
});

/** `queryOptions`, `useQuery` and `useMutation` by method and path. Keys are `[method, path, init]`. */
export const api = createQueryClient(client);

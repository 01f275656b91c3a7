// Changes an account, and brings the answer to the page and to the lists.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { client } from "../../api/client";
import type { Account, AccountChange } from "../../api/types";
import { userListsKey, userQuery, userSessionsQuery } from "./queries";

export function useChangeUser(id: string, onChanged?: (account: Account) => void) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (body: AccountChange) => {
      const { data } = await client.PATCH("/api/v1/users/{id}", { params: { path: { id } }, body });
      return data as NonNullable<typeof data>;
    },
    onSuccess: (account, change) => {
      cache.setQueryData(userQuery(id).queryKey, account);
      void cache.invalidateQueries({ queryKey: userListsKey });
      if (change.disabled) void cache.invalidateQueries({ queryKey: userSessionsQuery(id).queryKey });
      onChanged?.(account);
    },
  });
}

// Follows the template library for as long as a part of the page shows it.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { libraryChanged } from "../templates/queries";
import type { ChannelMessage, LiveConnection } from "./connection";
import { live } from "./live";

export function useFollowTemplates(): void {
  const cache = useQueryClient();
  useEffect(() => followTemplates(live, cache), [cache]);
}

export function followTemplates(connection: LiveConnection, cache: QueryClient): () => void {
  let heard = false;
  const onMessage = (message: ChannelMessage) => {
    // The first snapshot only says that we listen; a later one, that something went past us.
    if (message.type === "delta" || heard) libraryChanged(cache);
    heard = true;
  };
  return connection.subscribe("templates", { onMessage });
}

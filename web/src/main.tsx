// Starts the page.
import "./ui/mantine-styles";
import "./ui/tokens.css";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { authorizedFetch } from "./api/http";
import { queryClient } from "./api/query-client";
import { watchActivity } from "./auth/activity";
import { session } from "./auth/session";
import { removeDraftsAtSignOut } from "./files/edit/sign-out";
import { startI18n } from "./i18n/i18n";
import { bindLiveToSession } from "./live/live";
import { router } from "./router";
import { cssVariables, theme } from "./ui/theme";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

await startI18n();
bindLiveToSession();
removeDraftsAtSignOut();
session.onLeave(() => {
  // What one person asked for is not for the next.
  void queryClient.cancelQueries();
  queryClient.clear();
});
session.subscribe(() => void router.invalidate());
watchActivity(() => {
  if (session.state.status !== "signed-in") return;
  void authorizedFetch(new Request("/api/v1/auth/me")).catch(() => undefined);
});

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);

// Behind what is seen first; where it cannot be loaded, the next start does it.
void import("./files/edit/drafts").then(({ removeOldDrafts }) => removeOldDrafts()).catch(() => undefined);

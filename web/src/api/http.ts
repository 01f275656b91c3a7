// Sends requests as the person who is signed in.
import { session } from "../auth/session";

/** `fetch` with the access token; asks once more with a fresh one when the server refuses the first. */
export async function authorizedFetch(input: Request): Promise<Response> {
  // A request's body can be read once: keep a copy for the second try.
  const again = input.clone();
  const token = await session.token();
  input.headers.set("Authorization", `Bearer ${token}`);
  const response = await fetch(input);
  if (response.status !== 401) return response;
  session.refused(token);
  again.headers.set("Authorization", `Bearer ${await session.token()}`);
  return fetch(again);
}

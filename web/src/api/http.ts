// Sends requests as the person who is signed in.
import { markRequest } from "../auth/activity";
import { session } from "../auth/session";
import { patiently } from "./patience";

/**
 * `fetch` with the access token. Asks once more with a fresh one when the server refuses the first, and waits and tries
 * again when it says that it is asked too often.
 */
export function authorizedFetch(input: Request): Promise<Response> {
  // A request's body can be read once: each try gets a copy.
  return patiently(() => withToken(input.clone()), input.signal);
}

async function withToken(input: Request): Promise<Response> {
  const again = input.clone();
  const token = await session.token();
  const response = await send(input, token);
  if (response.status !== 401) return response;
  session.refused(token);
  return send(again, await session.token());
}

function send(request: Request, token: string): Promise<Response> {
  request.headers.set("Authorization", `Bearer ${token}`);
  markRequest(request.headers);
  return fetch(request);
}

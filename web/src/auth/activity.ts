// Tells a page in use from one left open. A site may end sessions that nobody uses: what the page asks by itself then
// must not count as use, and reading a page that asks for nothing must.

/** The server does not count a request with this header as use of the session. */
const BY_ITSELF = "Quarterdeck-By-Itself";
/** Nobody is there when nothing has been touched for this long; and reading is told to the server this often. */
const QUIET_MS = 60_000;
const INPUTS = [
  "pointerdown",
  "pointermove",
  "keydown",
  "touchstart",
  "touchmove",
  "wheel",
  "scroll",
] as const;

let touchedAt = Date.now();
/** When the server last heard from this tab that somebody is there. */
let toldAt = Date.now();
let pointer = "";

/** Says in the request's headers whether a person is behind it. */
export function markRequest(headers: Headers): void {
  const now = Date.now();
  if (now - touchedAt >= QUIET_MS) headers.set(BY_ITSELF, "1");
  else toldAt = now;
}

/**
 * Watches this tab from now on.
 * @param tell is called while somebody uses the page and nothing has told the server so for a while.
 */
export function watchActivity(tell: () => void): () => void {
  touchedAt = Date.now();
  toldAt = touchedAt;
  const touched = (event: Event) => {
    if (!isOfAPerson(event)) return;
    touchedAt = Date.now();
    if (touchedAt - toldAt < QUIET_MS) return;
    toldAt = touchedAt;
    tell();
  };
  for (const input of INPUTS) window.addEventListener(input, touched, { capture: true, passive: true });
  return () => {
    for (const input of INPUTS) window.removeEventListener(input, touched, { capture: true });
  };
}

function isOfAPerson(event: Event): boolean {
  if (event.type === "pointermove") {
    // A browser tells of a pointer at rest when the page moves beneath it.
    const { screenX, screenY } = event as PointerEvent;
    const before = pointer;
    pointer = `${screenX} ${screenY}`;
    return pointer !== before;
  }
  // Output that is followed scrolls by itself.
  if (event.type === "scroll") {
    const { target } = event;
    return (
      document.visibilityState === "visible" && !(target instanceof Element && target.closest("[role=log]"))
    );
  }
  return true;
}

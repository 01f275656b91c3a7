// Enter that ends the composing of a Korean syllable belongs to the input method and must not submit a form.
import type { KeyboardEvent } from "react";

/** Safari ends the composition before the key event, and marks it by this code alone. */
const IN_COMPOSITION = 229;

export function holdWhileComposing(event: KeyboardEvent): void {
  if (event.key === "Enter" && (event.nativeEvent.isComposing || event.keyCode === IN_COMPOSITION))
    event.preventDefault();
}

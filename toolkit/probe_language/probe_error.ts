/**
 * Mistakes in what people type as a probe, shown under their own text with a caret.
 *
 * @module
 */

import { UsageError } from "../options/options.ts";

const CONTROL = /\p{C}/gu;

/** A mistake at a place of a text; the message is the sentence, the text, and a caret below. */
export class ProbeError extends UsageError {
  override name = "ProbeError";
  override readonly showsPlace: boolean = true;

  /** @param at the place, in UTF-16 units from the start of `text` */
  constructor(reason: string, text: string, at: number) {
    // One space for each character, whatever a terminal would make of a tab or a newline.
    const shown = text.replaceAll(CONTROL, " ");
    const indent = " ".repeat([...text.slice(0, at)].length);
    super(`${reason}\n  ${shown.trimEnd()}\n  ${indent}^`);
  }
}

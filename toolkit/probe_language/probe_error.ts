/**
 * Errors in probe specifiers, shown below the user's text with a caret.
 *
 * @module
 */

import { UsageError } from "../options/options.ts";

const CONTROL = /\p{C}/gu;

/**
 * An error at a position in a text; the message is the sentence, the text, and a caret below it.
 */
export class ProbeError extends UsageError {
  override name = "ProbeError";
  override readonly showsPlace: boolean = true;

  /** @param at the position, in UTF-16 units from the start of `text` */
  constructor(reason: string, text: string, at: number) {
    // One space per character, in case a terminal expands tabs or newlines.
    const shown = text.replaceAll(CONTROL, " ");
    const indent = " ".repeat([...text.slice(0, at)].length);
    super(`${reason}\n  ${shown.trimEnd()}\n  ${indent}^`);
  }
}

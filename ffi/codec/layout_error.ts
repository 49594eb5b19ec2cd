/**
 * The error for a codec whose layout differs from that of the memory it would read.
 *
 * @module
 */

import { TsBccError } from "../error/ts_bcc_error.ts";

/** A codec does not match the layout that the object's BTF describes. */
export class LayoutError extends TsBccError {
  /** The name of the class. */
  override name = "LayoutError";

  /** What went wrong: see {@linkcode ErrorKind}. */
  override get kind(): "layout" {
    return "layout";
  }
}

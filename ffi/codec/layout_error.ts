/**
 * The error of a codec that would read something else than what is there.
 *
 * @module
 */

/** A codec does not match the layout that the object's BTF describes. */
export class LayoutError extends TypeError {
  override name = "LayoutError";
}

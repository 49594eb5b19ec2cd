/**
 * A program as libbpf or libbcc hands it over, so that {@linkcode Program} is the same for both.
 *
 * @module
 */

import type { Attachable } from "./attach/attachment.ts";
import type { Link } from "./base/link.ts";
import type { UsdtOptions } from "./usdt/usdt.ts";

/** A program as libbpf or libbcc hands it over. */
export interface LoadedProgram extends Attachable {
  /** The section, which names the hook; empty when it names none. */
  readonly section: string;
  /**
   * Whether it is in the kernel; some programs compiled at run time are loaded when they are
   * attached.
   */
  readonly isLoaded: boolean;
  /** Its instructions as they were loaded, with those of the functions that it calls behind them. */
  instructions?(): Uint8Array<ArrayBuffer>;
  /** Attaches it to that hook. */
  attach(): Link;
  /** Attaches it to a USDT probe, so that it can read the arguments. */
  attachUsdt(options: UsdtOptions): Link;
}

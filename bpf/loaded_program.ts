/**
 * A program as its maker hands it over, for {@linkcode Program} to be the same whoever that was.
 *
 * @module
 */

import type { Attachable } from "./attach/attachment.ts";
import type { Link } from "./base/link.ts";
import type { UsdtOptions } from "./usdt/usdt.ts";

/** A program as its maker, libbpf or libbcc, hands it over. */
export interface LoadedProgram extends Attachable {
  /** The hook it names; empty when it names none. */
  readonly section: string;
  /** Whether it is in the kernel; of compiled programs some are loaded when they are attached. */
  readonly isLoaded: boolean;
  /** Attaches it to that hook. */
  attach(): Link;
  /** Attaches it to a USDT probe, so that it can read the arguments. */
  attachUsdt(options: UsdtOptions): Link;
}

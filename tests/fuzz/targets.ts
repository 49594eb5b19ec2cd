/**
 * Every parser of bytes from outside.
 *
 * @module
 */

import type { AnyTarget } from "./target.ts";
import { BTF_TARGETS } from "./targets/btf.ts";
import { callFrames } from "./targets/call_frames.ts";
import { COMPILER_TARGETS } from "./targets/compiler.ts";
import { ELF_TARGETS } from "./targets/elf.ts";
import { goTable } from "./targets/go_table.ts";
import { JIT_TARGETS } from "./targets/jit.ts";
import { LANGUAGE_TARGETS } from "./targets/language.ts";
import { inlined } from "./targets/inlined.ts";
import { lines } from "./targets/lines.ts";
import { RECORDING_TARGETS } from "./targets/recordings.ts";
import { SYMBOL_TARGETS } from "./targets/symbols.ts";
import { SYSTEM_TARGETS } from "./targets/system.ts";
import { TOLD_TARGETS } from "./targets/told.ts";

/** In the order that `deno task fuzz` runs them. */
export const TARGETS: readonly AnyTarget[] = [
  ...ELF_TARGETS,
  callFrames as AnyTarget,
  goTable as AnyTarget,
  inlined as AnyTarget,
  lines as AnyTarget,
  ...BTF_TARGETS,
  ...SYMBOL_TARGETS,
  ...JIT_TARGETS,
  ...SYSTEM_TARGETS,
  ...LANGUAGE_TARGETS,
  ...COMPILER_TARGETS,
  ...RECORDING_TARGETS as readonly AnyTarget[],
  ...TOLD_TARGETS,
];

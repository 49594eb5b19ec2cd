/**
 * How the kernel side knows code of interpreters.
 *
 * @module
 */

import { type Infer, struct, u64 } from "../../mod.ts";

/** struct python_key of python_frames.h. */
export const CodeKey = struct("python_key", { code: u64, pid: u64 });
/** Where it lies, in which process. */
export type CodeKey = Infer<typeof CodeKey>;

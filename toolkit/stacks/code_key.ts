/**
 * The key of the maps that name code objects of interpreters (Python, Ruby).
 *
 * @module
 */

import { type Infer, struct, u64 } from "../../mod.ts";

/** struct python_key of python_frames.h. */
export const CodeKey = struct("python_key", { code: u64, pid: u64 });
/** The address of the code object, and its process. */
export type CodeKey = Infer<typeof CodeKey>;

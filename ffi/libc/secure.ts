/**
 * Whether this process has more privileges than the user who started it (AT_SECURE): then
 * environment variables are not trusted.
 *
 * @module
 */

import { libc } from "./libc.ts";
import { cString } from "./memory.ts";

const AT_SECURE = 23n;

/**
 * Whether this process has privileges from its executable file that the user who started it lacks: file
 * capabilities, or another user's id. Then the environment must not be trusted.
 */
export function isSecure(): boolean {
  return libc().getauxval(AT_SECURE) !== 0n;
}

/** Variables that choose no file, library or code; guard.c has the same list. */
const HARMLESS: ReadonlySet<string> = new Set([
  "PATH",
  "TERM",
  "COLUMNS",
  "LANG",
  "LC_ALL",
  "NO_COLOR",
  "TSBCC_READY",
]);

/**
 * In such a process, forgets all environment variables that are not known to be harmless, for
 * JavaScript, for C, and for commands that are started. Else it does nothing.
 */
export function forgetUnsafeEnvironment(): void {
  if (!isSecure()) return;
  for (const name of Object.keys(process.env)) {
    if (HARMLESS.has(name)) continue;
    delete process.env[name];
    libc().unsetenv(cString(name));
  }
}

/**
 * The runtime that runs the tests, and the command that runs a script under the same runtime.
 *
 * @module
 */

/** "Deno" or "Bun". */
export const RUNTIME: string = "Bun" in globalThis ? "Bun" : "Deno";

/** The command that runs a module as a user would. */
export function scriptCommand(module: string): string[] {
  if (RUNTIME === "Bun") return [process.execPath, "run", module];
  return [process.execPath, "run", "--allow-all", "--no-check", module];
}

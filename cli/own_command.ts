/**
 * The command that starts this program again, as a child process.
 *
 * @module
 */

/** The executable alone, or a runtime with its arguments and the module that it runs. */
export function ownCommand(): string[] {
  const { execPath, argv } = process;
  const isRuntime = /^(deno|bun)$/.test(execPath.slice(execPath.lastIndexOf("/") + 1));
  const module = argv[1];
  if (!isRuntime || module === undefined) return [execPath];
  // The options ignore what the current directory may have: bunfig.toml, .env, deno.lock.
  return "Bun" in globalThis
    ? [execPath, "--config=/dev/null", "--no-env-file", module]
    : [execPath, "run", "--quiet", "--no-lock", "--allow-all", "--no-check", module];
}

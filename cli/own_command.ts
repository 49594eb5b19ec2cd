/**
 * How this program starts itself again.
 *
 * @module
 */

/** The command that ts-bcc is: an executable, or a runtime with the module that it runs. */
export function ownCommand(): string[] {
  const { execPath, argv } = process;
  const isRuntime = /^(deno|bun)$/.test(execPath.slice(execPath.lastIndexOf("/") + 1));
  const module = argv[1];
  if (!isRuntime || module === undefined) return [execPath];
  // No settings are taken from the folder that it was started in.
  return "Bun" in globalThis
    ? [execPath, "--config=/dev/null", "--no-env-file", module]
    : [execPath, "run", "--quiet", "--no-lock", "--allow-all", "--no-check", module];
}

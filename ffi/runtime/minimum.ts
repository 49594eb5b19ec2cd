/**
 * The minimum versions. Imported first, so that an older runtime stops with one sentence and not at the first
 * missing function.
 *
 * @module
 */

/**
 * The oldest versions that work. Deno 2.5 brought `Uint8Array.fromBase64`, Bun 1.3 `DisposableStack`. Deno's
 * own executable asks for that glibc, Bun's for 2.17; an executable of ts-bcc for what its libraries were
 * made with. libbpf has reported errors in one way since 1.0.
 */
export const MINIMUM = { deno: "2.5", bun: "1.3", glibc: "2.27", libbpf: "1.0" } as const;

/** Versions of the runtimes in a process: Bun has one of Node as well, and so has Deno. */
type Versions = Readonly<Record<string, string | undefined>>;

/** The problem with the runtime; undefined if there is none. */
export function runtimeProblem(versions: Versions): string | undefined {
  for (const [key, name] of [["deno", "Deno"], ["bun", "Bun"]] as const) {
    const found = versions[key];
    if (found === undefined) continue;
    if (!isOlder(found, MINIMUM[key])) return undefined;
    return `ts-bcc needs ${name} ${MINIMUM[key]} or later, this is ${found}: upgrade it`;
  }
  return `ts-bcc needs Deno ${MINIMUM.deno} or Bun ${MINIMUM.bun}, or later: run it with one of them`;
}

function isOlder(found: string, least: string): boolean {
  const [major = 0, minor = 0] = found.split(".").map((part) => parseInt(part, 10));
  const [leastMajor = 0, leastMinor = 0] = least.split(".").map(Number);
  return major < leastMajor || major === leastMajor && minor < leastMinor;
}

const problem = runtimeProblem(globalThis.process?.versions ?? {});
if (problem !== undefined) {
  // One sentence, without a stack trace, which would not help.
  Error.stackTraceLimit = 0;
  throw new Error(problem);
}

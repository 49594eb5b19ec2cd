/**
 * Runs a command that is held before its first instruction until tracing has begun (--exec).
 *
 * @module
 */

import type { ChildProcess } from "node:child_process";
import type { Duplex } from "node:stream";

// The shell reports that it is running, waits for a line, and then execs the command: the pid stays
// the same, and files the shell itself needs were opened before. If this process dies, the read
// returns end of file and the shell exits.
const SCRIPT = 'echo >&3; read -r go <&3 && exec 3>&- && exec "$@"';
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/** A command that waits for {@linkcode HeldCommand.release}. */
export class HeldCommand implements Disposable {
  readonly pid: number;
  /** Why the command could not be run; undefined after it has run. */
  readonly ended: Promise<string | undefined>;
  readonly #pipe: Duplex;

  private constructor(child: ChildProcess, command: string) {
    this.pid = child.pid!;
    this.#pipe = child.stdio[3] as Duplex;
    // EPIPE if the command ends before it is released, which `ended` reports anyway.
    this.#pipe.on("error", () => {});
    this.ended = new Promise((resolve) => {
      onUnnamedSignal(() => resolve(undefined));
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code) => {
        const failed = code === NOT_FOUND || code === NOT_EXECUTABLE;
        resolve(
          failed ? `Cannot run ${JSON.stringify(command)}: see the message above` : undefined,
        );
      });
    });
  }

  /** Starts the shell that will become the command; resolves when it is waiting. */
  static async start(command: readonly string[]): Promise<HeldCommand> {
    const { spawn } = await import("node:child_process");
    const child = spawn("/bin/sh", ["-c", SCRIPT, "sh", ...command], {
      stdio: ["inherit", "inherit", "inherit", "pipe"],
      env: environment(),
    });
    const held = new HeldCommand(child, command[0]!);
    await Promise.race([
      new Promise((resolve) => held.#pipe.once("data", resolve)),
      held.ended.then((problem) => {
        throw new Error(problem ?? "Cannot run /bin/sh: it ended at once");
      }),
    ]);
    return held;
  }

  /** Lets the command run. */
  release(): void {
    this.#pipe.end("\n");
  }

  /** Kills a command that was never released; a running one goes on. */
  [Symbol.dispose](): void {
    this.#pipe.destroy();
  }
}

/**
 * Deno 2.9 has no name for real-time signals: when one ends a child, Deno emits no "exit", but
 * rejects an internal promise that no other code can reach. Bun reports such a child as one that
 * exited with status 0.
 */
function onUnnamedSignal(end: () => void): void {
  if ("Bun" in globalThis) return;
  globalThis.addEventListener("unhandledrejection", (event) => {
    if (
      !(event.reason instanceof TypeError && /^Invalid signal: \d+$/.test(event.reason.message))
    ) return;
    event.preventDefault();
    end();
  });
}

/** What guard.c sets in our executables. */
const THRESHOLDS: ReadonlySet<string> = new Set([
  "BUN_JSC_thresholdForOptimizeAfterWarmUp",
  "BUN_JSC_thresholdForJITAfterWarmUp",
]);

/** The original environment: our executables rename variables that Bun interprets, and set some (guard.c). */
function environment(): Record<string, string | undefined> {
  const isExecutable = process.argv[1]?.startsWith("/$bunfs/");
  const variables = Object.entries(process.env)
    .filter(([name]) => !isExecutable || !THRESHOLDS.has(name));
  return Object.fromEntries(
    variables.map(([name, value]) => [name.replace(/^bUN_/, "BUN_"), value]),
  );
}

/**
 * Runs a command that is held before its first instruction until tracing has begun (--exec).
 *
 * @module
 */

import type { ChildProcess } from "node:child_process";
import type { Duplex } from "node:stream";

// The shell reports that it is there, waits for a line, and becomes the command: the process id
// stays, and all files it had to open for itself are open before. If we die, its read ends and so
// does it.
const SCRIPT = 'echo >&3; read -r go <&3 && exec 3>&- && exec "$@"';
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/** A command that waits for {@linkcode HeldCommand.release}. */
export class HeldCommand implements Disposable {
  readonly pid: number;
  /** Why the command could not be run, or undefined when it ran to its end. */
  readonly ended: Promise<string | undefined>;
  readonly #pipe: Duplex;

  private constructor(child: ChildProcess, command: string) {
    this.pid = child.pid!;
    this.#pipe = child.stdio[3] as Duplex;
    // It breaks when the command ends before we let go of it, which `ended` tells anyway.
    this.#pipe.on("error", () => {});
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code) => {
        const failed = code === NOT_FOUND || code === NOT_EXECUTABLE;
        resolve(
          failed ? `Cannot run ${JSON.stringify(command)}: see the message above` : undefined,
        );
      });
    });
  }

  /** Starts the shell that will become the command and waits until it waits. */
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

  /** Ends a command that was never released; one that runs goes on. */
  [Symbol.dispose](): void {
    this.#pipe.destroy();
  }
}

/** The environment that this process was given: our executables rename what Bun looks for (guard.c). */
function environment(): Record<string, string | undefined> {
  const variables = Object.entries(process.env);
  return Object.fromEntries(
    variables.map(([name, value]) => [name.replace(/^bUN_/, "BUN_"), value]),
  );
}

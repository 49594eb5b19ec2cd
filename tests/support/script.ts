/**
 * A bash script as a workload, held back until a test lets it go.
 *
 * @module
 */

import { Running } from "./process.ts";

/** A script that runs once `go` says so. */
export class Script implements AsyncDisposable {
  readonly pid: number;
  readonly #running: Running;

  private constructor(running: Running, pid: number) {
    this.#running = running;
    this.pid = pid;
  }

  /** Starts a script and waits until it waits. */
  static start(text: string): Promise<Script> {
    // The colon: bash becomes the last command instead of starting it.
    return Script.of(["bash", "-c", `echo pid $$; read -r; ${text}\n:`]);
  }

  /** The same with any command that says "pid PID" and waits for a line. */
  static async of(command: readonly string[]): Promise<Script> {
    const running = Running.start(command);
    const [, pid] = await running.find("stdout", /^pid (\d+)\n/);
    return new Script(running, Number(pid));
  }

  /** Lets it run and waits for its end; what it printed. @throws when it ends with another status */
  async go(status = 0): Promise<string> {
    this.#running.send();
    const result = await this.#running.result;
    if (result.status === status) return result.stdout.replace(/^pid .*\n/, "");
    throw new Error(`The script ended with ${result.status ?? result.signal}: ${result.stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
  }
}

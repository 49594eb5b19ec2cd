/**
 * A bash script as a workload, which waits until a test lets it run.
 *
 * @module
 */

import { Running } from "./process.ts";

/** A script that waits until `go()`. */
export class Script implements AsyncDisposable {
  readonly pid: number;
  readonly #running: Running;

  private constructor(running: Running, pid: number) {
    this.#running = running;
    this.pid = pid;
  }

  /** Starts bash and waits until it is about to read the line that `go()` sends. */
  static start(text: string): Promise<Script> {
    // The colon: bash executes a last command without a fork, and so would lose its name.
    return Script.of(["bash", "-c", `echo pid $$; read -r; ${text}\n:`]);
  }

  /** Starts any command that prints "pid PID" and waits for a line. */
  static async of(command: readonly string[]): Promise<Script> {
    const running = Running.start(command);
    const [, pid] = await running.find("stdout", /^pid (\d+)\n/);
    return new Script(running, Number(pid));
  }

  /**
   * Lets the script run and waits for its end; returns what it printed. @throws when it ends with
   * another status
   */
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

/**
 * A shell on a terminal, into which a test types.
 *
 * @module
 */

import type { Job } from "./cases.ts";
import { Running } from "./process.ts";

/** A shell that shows it waits inside its line editor. */
const PROMPT = "typing> ";

/** A shell on a pseudo-terminal of its own, which `script` makes. */
export class Terminal implements Job {
  readonly pid: number;
  readonly #running: Running;
  readonly #lines: readonly string[];

  private constructor(running: Running, pid: number, lines: readonly string[]) {
    this.#running = running;
    this.pid = pid;
    this.#lines = lines;
  }

  /**
   * Starts a shell, which is asked for its process id first, and waits until it waits for the next line.
   * That line's call began before any probe of a test, so it is none of `lines`.
   *
   * @param shell a command line, without `exec`
   * @param lines what is typed once the test lets it go; then comes `exit`
   */
  static async start(shell: string, lines: readonly string[]): Promise<Terminal> {
    const command = `exec env PS1='${PROMPT}' ${shell}`;
    const running = Running.start(["script", "-q", "-e", "-c", command, "/dev/null"], {
      env: { TERM: "dumb", HISTFILE: "/dev/null" },
    });
    try {
      running.send("echo pid $$");
      const [, pid] = await running.find("stdout", /^pid (\d+)\r?\n[^]*typing> /m);
      return new Terminal(running, Number(pid), lines);
    } catch (error) {
      await running[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Types the lines and waits until the shell has ended. */
  async go(): Promise<void> {
    for (const line of [":", ...this.#lines, "exit 0"]) this.#running.send(line);
    const { status, stdout, stderr } = await this.#running.result;
    if (status !== 0) throw new Error(`The shell ended with ${status}: ${stdout}${stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
  }
}

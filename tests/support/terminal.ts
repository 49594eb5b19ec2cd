/**
 * A shell on a pseudo-terminal, into which a test types lines.
 *
 * @module
 */

import type { Job } from "./cases.ts";
import { Running } from "./process.ts";

/** The shell's prompt: when it is printed, the shell waits in its line editor. */
const PROMPT = "typing> ";

/** Matches once the shell has printed its pid, and on new lines after that so many prompts. */
const prompts = (count: number) =>
  new RegExp(`^pid (\\d+)\r?(?:\n[^\n]*${PROMPT}[^]*?){${count}}`, "m");

/** A shell on a pseudo-terminal that script(1) makes. */
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
   * Starts a shell, lets it print its pid, and waits until it waits for the next line. The call that
   * reads that next line began before a test sets probes, so `go()` types a line of its own there.
   *
   * @param shell a command line, without `exec`
   * @param lines what `go()` types; `exit` follows
   */
  static async start(shell: string, lines: readonly string[]): Promise<Terminal> {
    const command = `exec env PS1='${PROMPT}' PS2='${PROMPT}' ${shell}`;
    const running = Running.start(["script", "-q", "-e", "-c", command, "/dev/null"], {
      env: { TERM: "dumb", HISTFILE: "/dev/null" },
    });
    try {
      running.send("echo pid $$");
      const [, pid] = await running.find("stdout", prompts(1));
      return new Terminal(running, Number(pid), lines);
    } catch (error) {
      await running[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Types each line when the shell waits for it, and waits until the shell has ended. Between two lines the
   * shell has the terminal in canonical mode, where the kernel would take the Ctrl-V of a line typed ahead.
   */
  async go(): Promise<void> {
    for (const [index, line] of [":", ...this.#lines, "exit 0"].entries()) {
      await this.#running.find("stdout", prompts(index + 1));
      this.#running.send(line);
    }
    const { status, stdout, stderr } = await this.#running.result;
    if (status !== 0) throw new Error(`The shell ended with ${status}: ${stdout}${stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
  }
}

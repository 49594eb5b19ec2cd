/**
 * The workload of workload.c, which waits until a test lets it run.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildProgram } from "./build.ts";
import { Running } from "./process.ts";

/** A process that does steps of workload.c after `go()`. */
export class Workload implements AsyncDisposable {
  readonly pid: number;
  readonly #running: Running;

  private constructor(running: Running, pid: number) {
    this.#running = running;
    this.pid = pid;
  }

  /** The command that runs workload.c, for tests that start it by another command. */
  static command(...steps: string[]): string[] {
    return [buildProgram("workload.c"), ...steps];
  }

  /** Starts workload.c and waits until it waits for a line. */
  static async start(...steps: string[]): Promise<Workload> {
    const running = Running.start(Workload.command(...steps));
    const [, pid] = await running.find("stdout", /^pid (\d+)\n/);
    return new Workload(running, Number(pid));
  }

  /** Lets it do its steps and waits for its end. @throws when a step failed */
  async go(): Promise<void> {
    this.#running.send();
    await this.#finish();
  }

  /**
   * For a `thread` step: lets it run until the thread waits for a line; returns the thread's id.
   */
  async goToThread(): Promise<number> {
    this.#running.send();
    return Number((await this.#running.find("stdout", /^tid (\d+)\n/m))[1]);
  }

  async #finish(): Promise<void> {
    const { status, stderr } = await this.#running.result;
    if (status !== 0) throw new Error(`The workload failed: ${stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
  }
}

/** A temporary folder, removed at disposal. */
export class Folder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "ts-bcc-test-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/**
 * The workload of workload.c, held back until a test lets it go.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildProgram } from "./build.ts";
import { Running } from "./process.ts";

/** A process that makes the calls its steps name, once `go` says so. */
export class Workload implements AsyncDisposable {
  readonly pid: number;
  readonly #running: Running;

  private constructor(running: Running, pid: number) {
    this.#running = running;
    this.pid = pid;
  }

  /** The command, for those who start it in their own way. */
  static command(...steps: string[]): string[] {
    return [buildProgram("workload.c"), ...steps];
  }

  /** Starts it and waits until it waits. */
  static async start(...steps: string[]): Promise<Workload> {
    const running = Running.start(Workload.command(...steps));
    const [, pid] = await running.find("stdout", /^pid (\d+)\n/);
    return new Workload(running, Number(pid));
  }

  /** Makes the calls and waits for the end. @throws when a step failed */
  async go(): Promise<void> {
    this.#running.send();
    await this.#finish();
  }

  /** With a `thread` step: goes on until the thread waits; returns its id. */
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

/** A folder of this test's own, removed at the end of the block. */
export class Folder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "ts-bcc-test-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/**
 * The workload of functions.c, and copies of its program that nobody else runs.
 *
 * @module
 */

import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { buildProgram } from "./build.ts";
import { Script } from "./script.ts";
import { Folder } from "./workload.ts";

/** A copy of the program, in a folder of its own. */
export class FunctionsProgram implements Disposable {
  readonly path: string;
  readonly #folder = new Folder();

  constructor() {
    this.path = join(this.#folder.path, "functions");
    copyFileSync(buildProgram("functions.c"), this.path);
  }

  /** Starts it; it waits to be let go. `args`: call on another thread. */
  start(...args: string[]): Promise<Script> {
    return Script.of([this.path, ...args]);
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

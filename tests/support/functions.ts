/**
 * The workload of functions.c, as copies of its program that no other process runs.
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

  /** Starts the program, which waits for `go()`. `args`: `thread` or `wait`, see functions.c. */
  start(...args: string[]): Promise<Script> {
    return Script.of([this.path, ...args]);
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

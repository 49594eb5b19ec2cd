/**
 * The program jit.c, which runs code that it generated.
 *
 * @module
 */

import { rmSync, writeFileSync } from "node:fs";
import { buildProgram } from "./build.ts";
import { Running } from "./process.ts";

/** Kinds of memory that jit.c can put code into. */
export const JIT_KINDS = [
  "anon",
  "zero",
  "memfd",
  "sysv",
  "named",
  "heap",
  "file",
  "text",
] as const;

/** A function that jit.c generated. */
export interface JitFunction {
  readonly address: bigint;
  readonly size: number;
}

/** A process of jit.c, which waits for commands. */
export class JitProgram implements AsyncDisposable {
  readonly pid: number;
  readonly outer: JitFunction;
  readonly inner: JitFunction;
  readonly later: JitFunction;
  readonly running: Running;
  #done = 0;

  private constructor(running: Running, numbers: readonly string[]) {
    this.running = running;
    this.pid = Number(numbers[0]);
    const at = (i: number) => ({
      address: BigInt(`0x${numbers[i]}`),
      size: parseInt(numbers[i + 1]!, 16),
    });
    [this.outer, this.inner, this.later] = [at(1), at(3), at(5)];
  }

  /** Starts jit.c with a kind of memory and further arguments. */
  static async start(kind: string, ...more: string[]): Promise<JitProgram> {
    return await JitProgram.of([buildProgram("jit.c", ["-O0"]), kind, ...more]);
  }

  /** Starts a command that runs jit.c. */
  static async of(command: readonly string[]): Promise<JitProgram> {
    const running = Running.start(command);
    const line = await running.find("stdout", /^pid (\d+) (\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\n/);
    return new JitProgram(running, line.slice(1));
  }

  /** A perf map with the functions outer and inner. */
  get map(): string {
    return this.line(this.outer, "jit outer (a.js:1)") + this.line(this.inner, "jit_inner");
  }

  /** One line of a perf map. */
  line({ address, size }: JitFunction, name: string): string {
    return `${address.toString(16)} ${size.toString(16)} ${name}\n`;
  }

  /** The path of the process's perf map, if the process is in our pid and mount namespaces. */
  get mapPath(): string {
    return `/tmp/perf-${this.pid}.map`;
  }

  /** Writes the process's perf map. */
  writeMap(text: string = this.map): void {
    writeFileSync(this.mapPath, text);
  }

  /** Sends a command and waits until it is done. */
  async does(line: string): Promise<void> {
    this.running.send(line);
    this.#done++;
    await this.running.find("stdout", new RegExp(`(done\n(child \\d+\n)?){${this.#done}}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running[Symbol.asyncDispose]();
    rmSync(this.mapPath, { force: true });
  }
}

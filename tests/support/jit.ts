/**
 * The program jit.c, which runs code that it has made.
 *
 * @module
 */

import { rmSync, writeFileSync } from "node:fs";
import { buildProgram } from "./build.ts";
import { Running } from "./process.ts";

/** Kinds of memory for code. */
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

/** A function that it has made. */
export interface JitFunction {
  readonly address: bigint;
  readonly size: number;
}

/** The program, which waits to be told what to do. */
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

  /** Starts it, or a command that starts it. */
  static async start(kind: string, ...more: string[]): Promise<JitProgram> {
    return await JitProgram.of([buildProgram("jit.c", ["-O0"]), kind, ...more]);
  }

  /** The same with a command. */
  static async of(command: readonly string[]): Promise<JitProgram> {
    const running = Running.start(command);
    const line = await running.find("stdout", /^pid (\d+) (\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\n/);
    return new JitProgram(running, line.slice(1));
  }

  /** The lines of a perf-map file about outer and inner. */
  get map(): string {
    return this.line(this.outer, "jit outer (a.js:1)") + this.line(this.inner, "jit_inner");
  }

  /** A line of a perf-map file. */
  line({ address, size }: JitFunction, name: string): string {
    return `${address.toString(16)} ${size.toString(16)} ${name}\n`;
  }

  /** Where its perf-map file lies, when it has no namespaces of its own. */
  get mapPath(): string {
    return `/tmp/perf-${this.pid}.map`;
  }

  /** Writes its perf-map file. */
  writeMap(text: string = this.map): void {
    writeFileSync(this.mapPath, text);
  }

  /** Lets it do something, to the end. */
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

/**
 * Writes the stacks of a replay to files: flame graphs and profiles.
 *
 * @module
 */

import { complain } from "../../toolkit/output/complain.ts";
import type { Destination, RecordMembers, RowTaker } from "../../toolkit/output/destination.ts";
import { toJson } from "../../toolkit/output/escape.ts";
import { foldedText, type Frame } from "../../toolkit/stacks/kept_stacks.ts";
import {
  checkStackFiles,
  type ProfiledStack,
  requireStackFiles,
  type StackFileOptions,
  writeStackFiles,
} from "../../toolkit/stacks/stack_files.ts";

/** Members of a stack's record besides its sum, whose name depends on the tool. */
const ABOUT = ["time", "pid", "tid", "comm", "user", "kernel"];

/** Collects stacks, and writes the files at the end. */
export class StackKeeper implements Destination {
  readonly #tool: string;
  readonly #options: StackFileOptions;
  readonly #stacks: ProfiledStack[] = [];
  #unit = "count";
  #time = 0;

  /**
   * @param tool the tool that recorded the stacks
   * @param outputs the paths to write; the file name's ending selects the format
   * @throws {UsageError} for an unknown ending
   * @throws {Error} if a file cannot be written
   */
  constructor(tool: string, outputs: readonly string[]) {
    this.#tool = tool;
    this.#options = { outputs, svg: undefined, html: undefined };
    checkStackFiles(this.#options);
    requireStackFiles(this.#options);
  }

  rows<R>(): RowTaker<R> {
    return () => {};
  }

  record(kind: string, members: RecordMembers): void {
    if (kind !== "stack") return;
    const { time, comm, pid, tid, user, kernel } = members;
    const sum = Object.entries(members).find(([key, value]) =>
      !ABOUT.includes(key) && typeof value === "number"
    );
    if (!sum) return;
    this.#unit = sum[0];
    this.#time = new Date(textOf(time)).getTime() || this.#time;
    this.#stacks.push({
      comm: textOf(comm ?? ""),
      pid: typeof pid === "number" ? pid : undefined,
      tid: typeof tid === "number" ? tid : undefined,
      frames: [...framesOf(user, false), ...framesOf(kernel, true)],
      value: Number(sum[1]),
    });
  }

  end(): void {
    if (this.#stacks.length === 0) {
      return complain(this.#tool, "the recording has no stacks: nothing is drawn");
    }
    const profile = {
      tool: this.#tool,
      unit: this.#unit,
      time: this.#time,
      stacks: this.#stacks,
    };
    writeStackFiles(profile, () => this.#stacks.map(foldedLine), this.#options);
  }
}

const textOf = (value: unknown) => typeof value === "string" ? value : toJson(value ?? "");

/** Outermost first; records have the innermost frame first. */
function framesOf(names: unknown, kernel: boolean): Frame[] {
  if (!Array.isArray(names)) return [];
  return names.map((name): Frame => ({
    address: 0n,
    kernel,
    symbol: { name: textOf(name), offset: 0, module: undefined },
    isInterpreted: true,
  })).reverse();
}

const foldedLine = ({ comm, frames, value }: ProfiledStack): string =>
  foldedText([comm, ...frames.map(({ symbol }) => symbol!.name!)], value);

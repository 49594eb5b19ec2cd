/**
 * The traced Ruby process: probes its allocation sites, and names its classes.
 *
 * @module
 */

import { type Bpf, type Link, struct, u32, u64 } from "../../mod.ts";
import { hasEnded } from "../../toolkit/task/proc.ts";
import type { RubyClasses } from "./classes.ts";
import { inspectCommand } from "./command.ts";
import { LAYOUTS } from "../../toolkit/languages/ruby_layout.ts";
import { inspectRuby, type RubyRuntime, tryInspect } from "./runtime.ts";
import { complain } from "../../toolkit/output/complain.ts";

/** `struct layout` of ruby.h. */
const Layout = struct("layout", {
  path_id: u64,
  temporary_path_id: u64,
  known: u32,
  ext: u32,
  ext_is_pointer: u32,
  path: u32,
  variables: u32,
  text: u32,
  length_in_flags: u32,
  thread_context: u32,
  frame: u32,
  lines: u32,
  leaf_at_pc: u32,
});

/** A traced Ruby process. */
export class RubyTarget {
  #pid = 0;
  #classes: RubyClasses | undefined;
  #isKnown = false;

  /**
   * Attaches the probes to a process.
   *
   * @param command the command that the process will exec; undefined if it runs Ruby already
   * @param tool the name that warnings begin with
   */
  async attach(
    bpf: Bpf,
    pid: number,
    command: readonly string[] | undefined,
    tool: string,
  ): Promise<Link[]> {
    const ruby = command ? await inspectCommand(command) : inspectRuby(pid);
    if (!ruby.layout) complainOfVersion(tool, ruby);
    setLayout(bpf, ruby);
    this.#pid = pid;
    this.#isKnown = ruby.layout !== undefined;
    const { path, allocations } = ruby;
    return allocations.map(({ kind, offset }) =>
      bpf.program(kind).attachUprobe({ path, offset, pid })
    );
  }

  /** Names classes; undefined while the process does not run Ruby, or runs an unknown version. */
  get classes(): RubyClasses | undefined {
    return this.#classes ??= tryInspect(this.#pid)?.classes;
  }

  /** Whether the layout of this version of Ruby is known. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Whether the process has ended; a zombie counts as ended. */
  get hasEnded(): boolean {
    return hasEnded(this.#pid);
  }
}

function complainOfVersion(tool: string, { version = "of unknown version" }: RubyRuntime): void {
  complain(
    tool,
    `Ruby ${version} has structures that are not known (those of ` +
      `${Object.keys(LAYOUTS).join(" and ")} are): classes are shown as addresses, lines are not ` +
      "told, and objects of classes written in Ruby may be missing",
  );
}

/** Passes the layout to the kernel side. */
function setLayout(bpf: Bpf, { layout, classes }: RubyRuntime): void {
  if (!layout || !classes) return;
  bpf.global("layout", Layout).value = {
    path_id: classes.pathId,
    temporary_path_id: classes.temporaryPathId,
    known: 1,
    ext: layout.ext,
    ext_is_pointer: Number(layout.extIsPointer),
    path: layout.path,
    variables: layout.variables,
    text: layout.text,
    length_in_flags: Number(layout.lengthInFlags),
    thread_context: layout.threadContext,
    frame: layout.frame,
    lines: layout.lines,
    leaf_at_pc: Number(layout.leafAtPc),
  };
}

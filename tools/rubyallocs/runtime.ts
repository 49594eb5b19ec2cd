/**
 * Inspects the Ruby in a process: the file with its code, its version, its allocation sites.
 *
 * The allocation sites, by gc.c of Ruby 3.1 and 3.3: each of the probed functions has newobj_of()
 * inlined, and none calls another, so every object passes exactly one. Two have no symbol in a
 * stripped file. rb_class_allocate_instance makes the objects of most classes written in Ruby; its
 * address is read from the class BasicObject. The function that makes imemo_tmpbuf, memory that
 * Ruby uses internally, is not found: that memory is not counted.
 *
 * @module
 */

import { BpfError, ErrnoError, type MappedFile, mappedFiles, ProcessMemory } from "../../mod.ts";
import { RubyClasses } from "./classes.ts";
import { LAYOUTS, type RubyLayout } from "../../toolkit/languages/ruby_layout.ts";

/** Kinds of allocation sites, named as the programs of rubyallocs.bpf.c that probe them. */
export type Kind = "class_first" | "class_second" | "hidden" | "imemo";

/** An allocation site in the file. */
export interface Allocation {
  readonly kind: Kind;
  readonly offset: number;
}

/** What is known about a Ruby. */
export interface RubyRuntime {
  /** The path of the file with Ruby's code, as the process sees it. */
  readonly name: string;
  /** The path by which this process can open the file while the other runs. */
  readonly path: string;
  /** `3.1.2`; undefined if unknown. */
  readonly version: string | undefined;
  readonly allocations: readonly Allocation[];
  /** The offsets in Ruby's structures; undefined for a version whose layout is unknown. */
  readonly layout: RubyLayout | undefined;
  readonly classes: RubyClasses | undefined;
}

/** The error for a process without Ruby. */
class NotRuby extends Error {
  override name = "NotRuby";
}

/** The file with Ruby's allocator functions; undefined in a process that runs no Ruby. */
function rubyFile(files: readonly MappedFile[]): MappedFile | undefined {
  const library = files.find(({ name }) => /\/libruby[^/]*\.so[^/]*$/.test(name));
  const file = library ?? files[0];
  return file?.functionOffset("rb_newobj_of") === undefined ? undefined : file;
}

/** Like {@linkcode inspectRuby}, but undefined if the process does not run Ruby, or not yet. */
export function tryInspect(pid: number): RubyRuntime | undefined {
  try {
    return inspectRuby(pid);
  } catch (error) {
    if (error instanceof NotRuby || error instanceof ErrnoError || error instanceof BpfError) {
      return undefined;
    }
    throw error;
  }
}

/** Inspects a process. @throws {Error} when it does not exist or runs no Ruby */
export function inspectRuby(pid: number): RubyRuntime {
  const file = rubyFile(mappedFiles(pid));
  if (!file) {
    throw new NotRuby(
      `Cannot trace process ${pid}: it runs no Ruby: neither its program nor a libruby that it ` +
        "has loaded has the function rb_newobj_of",
    );
  }
  const memory = new ProcessMemory(pid);
  const at = (name: string) => file.variableAddress(name);
  const version = versionOf(memory, at("ruby_version"));
  const layout = LAYOUTS[/^\d+\.\d+/.exec(version ?? "")?.[0] ?? ""];
  const classes = layout && classesOf(memory, layout, at("rb_cObject"));
  return {
    name: file.name,
    path: file.path,
    version,
    allocations: allocationsOf(file, () => {
      const basic = at("rb_cBasicObject");
      return basic && classes?.allocator(memory.word(basic));
    }),
    layout: classes && layout,
    classes,
  };
}

function versionOf(memory: ProcessMemory, address: bigint | undefined): string | undefined {
  if (address === undefined) return undefined;
  const text = String.fromCharCode(...memory.read(address, 16));
  return /^\d+(\.\d+)*/.exec(text)?.[0];
}

function classesOf(
  memory: ProcessMemory,
  layout: RubyLayout,
  object: bigint | undefined,
): RubyClasses | undefined {
  if (object === undefined) return undefined;
  try {
    return new RubyClasses(memory, layout, memory.word(object));
  } catch (error) {
    // The layout does not fit: following its pointers read no valid class name.
    if (error instanceof RangeError || error instanceof BpfError) return undefined;
    throw error;
  }
}

function allocationsOf(file: MappedFile, allocator: () => bigint | undefined): Allocation[] {
  const old = file.functionOffset("rb_ec_wb_protected_newobj_of") !== undefined;
  const functions: Record<string, Kind> = {
    rb_newobj: "hidden",
    rb_newobj_of: "class_first",
    rb_wb_unprotected_newobj_of: "class_first",
    // Since 3.3 the first argument is the execution context, as in rb_ec_wb_protected_newobj_of,
    // which Ruby 3.3 does not have.
    rb_wb_protected_newobj_of: old ? "class_first" : "class_second",
    rb_ec_wb_protected_newobj_of: "class_second",
    rb_imemo_new: "imemo",
    rb_data_object_wrap: "class_first",
    rb_data_typed_object_wrap: "class_first",
    // Before 3.3 this function called rb_data_typed_object_wrap, which is probed already.
    ...old ? {} : { rb_data_typed_object_zalloc: "class_first" },
  };
  const places = Object.entries(functions).flatMap(([name, kind]): Allocation[] => {
    const offset = file.functionOffset(name);
    return offset === undefined ? [] : [{ kind, offset }];
  });
  const instance = file.functionOffset("rb_class_allocate_instance") ??
    file.offsetOf(allocator() ?? 0n);
  return instance === undefined ? places : [...places, { kind: "class_first", offset: instance }];
}

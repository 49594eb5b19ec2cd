/**
 * Kernel code whose programs are emitted by functions, operation by operation, instead of being
 * compiled from text: probes of trace and argdist become such code.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import type { BorrowedFunctions } from "../borrowed_functions.ts";
import type { KernelCode, LoadedCode } from "../kernel_code.ts";
import type { LoadOptions } from "../object/load_object.ts";
import { emit } from "./code/emit.ts";
import type { CompiledProgram } from "./compile_program.ts";
import type { Hook } from "./language/hooks.ts";
import type { AnyMap } from "./language/maps.ts";
import { Source } from "./language/source.ts";
import { loadCode } from "./load.ts";
import { type Outside, Program } from "./lower/program.ts";

/** A program emitted by a function. */
export interface EmittedProgram {
  readonly hook: Hook;
  /** The lines quoted by the verifier: `builder.line` is an index into them. */
  readonly text: string;
  /** Emits it; without a terminator it returns 0. */
  readonly write: (program: Program) => void;
}

/** The programs, and what they use. */
export interface EmittedDefinition {
  readonly maps: Readonly<Record<string, AnyMap>>;
  readonly globals?: Readonly<Record<string, Codec<unknown>>>;
  readonly programs: Readonly<Record<string, EmittedProgram>>;
  /** Loads an object and returns its functions that the programs call. */
  readonly borrow?: (() => BorrowedFunctions) | undefined;
}

/** Emitted code, for `Bpf.load`. */
export class EmittedCode implements KernelCode<unknown, unknown> {
  declare readonly maps: unknown;
  declare readonly globals: unknown;
  readonly #definition: EmittedDefinition;

  constructor(definition: EmittedDefinition) {
    this.#definition = definition;
  }

  /** Emits and loads. @throws {VerifierError} or another BpfError */
  load(options: LoadOptions): LoadedCode {
    const { programs, borrow, ...rest } = this.#definition;
    const placed = Object.fromEntries(
      Object.entries(programs).map(([name, each]) => [name, { ...each, site: undefined }]),
    );
    const definition = { ...rest, borrowed: borrow?.(), programs: placed };
    return loadCode(definition, options, writeProgram);
  }
}

function writeProgram(
  name: string,
  { hook, text, write }: EmittedProgram,
  outside: Outside,
): CompiledProgram {
  const source = new Source(name, text, undefined);
  const program = new Program(source, hook, outside, new Set());
  write(program);
  program.builder.exit(0n);
  try {
    return { name, source, ...emit(program.builder.finish()) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw source.error({ start: 0, end: text.length }, error.message);
  }
}

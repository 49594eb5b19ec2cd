/**
 * The programs of argdist, compiled by this project's own compiler. program.ts writes the same
 * programs in C, for probes that need libbcc.
 *
 * @module
 */

import {
  bool,
  chars,
  type Codec,
  i16,
  i32,
  i64,
  i8,
  struct,
  u16,
  u32,
  u64,
  u8,
} from "../../mod.ts";
import {
  type AnyMap,
  arrayMap,
  EmittedCode,
  type EmittedProgram,
  hash,
  Helper,
  int,
  log2Slot,
  NotKnown,
  type ProgramWriter,
  type Reg,
  type Tree,
  type TypeInC,
  typeOfWords,
  UnsignedLongInC,
} from "../../compiler.ts";
import { registerOffsets } from "../../plumbing.ts";
import type { Expression } from "../../toolkit/probe_language/expression.ts";
import {
  endUnless,
  explained,
  Lines,
  storeText,
  typed,
  type TypedExpression,
  valueAs,
} from "../../toolkit/probe_language/compiled/expressions.ts";
import {
  cgroupMaps,
  countDropped,
  writeFilters,
} from "../../toolkit/probe_language/compiled/filters.ts";
import { kernelHook } from "../../toolkit/probe_language/compiled/hooks.ts";
import { variablesAt } from "../../toolkit/probe_language/compiled/variables.ts";
import type { ArgdistProbe, TypeName } from "./probe.ts";
import type { ArgdistProgramOptions } from "./program.ts";
import { argdistVariables, EntryWriter } from "./compiled_entry.ts";

/** Slots of a histogram: one for 0, and one for each bit length of a 64-bit number. */
const SLOTS = 65;
/** The maximum number of distinct keys counted for a probe. */
const VALUES = 16384;

/** A probe with the names of its programs. */
export interface PlacedProbe {
  readonly probe: ArgdistProbe;
  /** The file of a user function or a USDT probe. */
  readonly path: string | undefined;
  readonly program: string;
  /** The program at the function's entry, if its return needs one. */
  readonly entry: string | undefined;
}

/** The code of all probes. @throws {NotHere} when something needs libbcc */
export function compiledArgdist(
  probes: readonly PlacedProbe[],
  options: ArgdistProgramOptions,
  lineOf: (expression: Expression) => string,
): EmittedCode {
  const maps: Record<string, AnyMap> = cgroupMaps(options);
  const programs: Record<string, EmittedProgram> = {};
  probes.forEach((placed, index) => {
    const found = new ProbeWriter(placed, index, options, lineOf);
    Object.assign(maps, found.maps);
    Object.assign(programs, found.programs);
  });
  return new EmittedCode({ maps, globals: { events_dropped: u64 }, programs });
}

/** One value of a key. */
interface Part {
  readonly value: TypedExpression;
  /** Undefined for text, which is copied into the key. */
  readonly type: TypeInC | undefined;
}

class ProbeWriter {
  readonly maps: Record<string, AnyMap> = {};
  readonly programs: Record<string, EmittedProgram> = {};
  readonly #probe: ArgdistProbe;
  readonly #options: ArgdistProgramOptions;
  readonly #counts: string;
  readonly #entry: EntryWriter | undefined;
  readonly #parts: readonly Part[];
  readonly #filter: TypedExpression | undefined;
  readonly #key: StructKey;

  constructor(
    { probe, path, program, entry }: PlacedProbe,
    index: number,
    options: ArgdistProgramOptions,
    lineOf: (expression: Expression) => string,
  ) {
    const { text, hook, signature, values, types, filter, collection } = probe;
    const { machine, pid } = options;
    this.#probe = probe;
    this.#options = options;
    this.#counts = `counts_${index}`;
    this.#entry = entry === undefined ? undefined : new EntryWriter(probe, index, path, options);
    const lines = new Lines(text);
    const surroundings = { hook, path, signature, machine, pid };
    const variables = explained(text, 0, () => variablesAt(surroundings));
    argdistVariables(variables, this.#entry, machine);
    const type = (each: Expression) => typed(each, variables, false, lines.add(lineOf(each)));
    this.#filter = filter && type(filter);
    this.#parts = values.map((value, i) => ({
      value: type(value),
      type: types[i]!.isText ? undefined : typeOfName(types[i]!),
    }));
    this.#key = keyOf(probe, this.#parts, options.textSize);
    this.maps[this.#counts] = collection === "histogram"
      ? arrayMap(u64, { entries: 2 * SLOTS })
      : hash(this.#key, u64, { entries: VALUES });
    if (this.#entry) {
      Object.assign(this.maps, this.#entry.maps);
      this.programs[entry!] = this.#entry.program;
    }
    const write = (program: ProgramWriter) => this.#write(program);
    this.programs[program] = { hook: kernelHook(hook, path, pid), text: lines.text, write };
  }

  #write(program: ProgramWriter): void {
    writeFilters(program, this.#options);
    this.#entry?.find(program);
    if (this.#filter) endUnless(program, this.#filter);
    if (this.#probe.collection === "histogram") return this.#countSlot(program);
    const { builder } = program;
    builder.withSlot(this.#key.size, (key) => {
      for (let done = 0; done < this.#key.size; done += 8) builder.store(key, done, 8, 0n);
      if (this.#parts.length === 0 && this.#probe.hook.kind === "return") {
        builder.store(key, 0, 4, builder.load(program.context, registerOffsets().result, 8));
      }
      this.#parts.forEach(({ value, type }, i) => {
        const offset = this.#key.offsetOf(`v${i}`);
        if (type === undefined) {
          return storeText(program, value, key, offset, this.#options.textSize);
        }
        const bytes = type.kind === "int" ? type.bits / 8 as 1 | 2 | 4 | 8 : 8;
        builder.store(key, offset, bytes, valueAs(program, value, type));
      });
      builder.line = 0;
      count(program, this.#counts, key, true);
    });
  }

  /** Counts in a log2 histogram; negative numbers have their own slots. */
  #countSlot(program: ProgramWriter): void {
    const { builder } = program;
    const [part] = this.#parts;
    const type = part ? part.type! : int(32, true);
    const value = valueAs(program, part?.value ?? { tree: RETURNED, line: 0 }, type);
    const size = builder.register();
    const first = builder.register();
    builder.move(size, typeof value === "bigint" ? value : builder.copy(value));
    builder.move(first, 0n);
    if (type.kind === "int" && type.signed) {
      const [negative, end] = [builder.block(), builder.block()];
      builder.branch("slt", size, 0n, negative, end);
      builder.enter(negative);
      builder.move(size, builder.alu("sub", 0n, size));
      builder.move(first, BigInt(SLOTS));
      builder.enter(end);
    }
    builder.line = 0;
    // As in bcc: 0 is counted in the slot of 1.
    const bits = builder.alu("or", size, 1n) as Reg;
    builder.keep();
    const slot = builder.alu("add", log2Slot(program, bits), first);
    builder.withSlot(8, (key) => {
      builder.store(key, 0, 4, slot);
      count(program, this.#counts, key, false);
    });
  }
}

/** The variable for a function's return value. */
const RETURNED: Tree = {
  op: "variable",
  read: ({ builder, context }) => builder.load(context, registerOffsets().result, 8),
  type: UnsignedLongInC,
  isKernel: false,
};

/** BPF_NOEXIST */
const NOEXIST = 1n;

/** Adds one to the count of a key on the stack. */
function count(
  program: ProgramWriter,
  map: string,
  key: { readonly slot: number },
  inserts: boolean,
): void {
  const { builder } = program;
  const [absent, end] = [builder.block(), builder.block()];
  const one = builder.copy(1n);
  builder.keep();
  const look = (otherwise: typeof absent) => {
    const place = builder.call(Helper.MAP_LOOKUP_ELEM, { map }, { ...key, offset: 0 });
    builder.keep();
    const there = builder.block();
    builder.branch("ne", place, 0n, there, otherwise);
    builder.enter(there);
    builder.atomicAdd(place, 0, 8, one);
    builder.jump(end);
  };
  look(absent);
  builder.enter(absent);
  if (inserts) {
    builder.withSlot(8, (value) => {
      builder.store(value, 0, 8, 1n);
      const result = builder.call(
        Helper.MAP_UPDATE_ELEM,
        { map },
        { ...key, offset: 0 },
        { ...value, offset: 0 },
        NOEXIST,
      );
      const [again, full] = [builder.block(), builder.block()];
      builder.branch("eq", result, 0n, end, again);
      builder.enter(again);
      // The insert failed: another CPU has inserted the key, or the map is full.
      look(full);
      builder.enter(full);
      countDropped(program);
    });
  }
  builder.enter(end);
}

type StructKey = ReturnType<typeof struct<Record<string, Codec<unknown>>>>;

const CODECS: Readonly<Record<string, Codec<unknown>>> = {
  ...{ s8: i8, s16: i16, s32: i32, s64: i64 },
  ...{ u8, u16, u32, u64 },
};

/** The codec of a probe's keys. */
function keyOf(
  { hook }: ArgdistProbe,
  parts: readonly Part[],
  textSize: number,
): StructKey {
  if (parts.length === 0) return struct("key", { v0: hook.kind === "return" ? i32 : u8 });
  const codecs = parts.map(({ type }, i) => [`v${i}`, codecOf(type, textSize)] as const);
  return struct("key", Object.fromEntries(codecs));
}

function codecOf(type: TypeInC | undefined, textSize: number): Codec<unknown> {
  if (type === undefined) return chars(textSize);
  if (type.kind !== "int") return u64;
  return type.isBool ? bool : CODECS[`${type.signed ? "s" : "u"}${type.bits}`]!;
}

/** @throws {NotHere} for a type that only libbcc knows */
function typeOfName({ probe, tokens, start }: TypeName): TypeInC {
  return explained(probe, start, () => {
    const words = tokens.map(({ text }) => text);
    const type = typeOfWords(words);
    if (type?.kind === "int" || type?.kind === "pointer") return type;
    throw new NotKnown(`unknown type name '${words.join(" ")}'`, start);
  });
}

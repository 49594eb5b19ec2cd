/**
 * The programs of argdist in C: one for each probe, which counts values in its own map, and one at
 * the function's entry if the return uses values from there.
 *
 * @module
 */

import type { Bpf, Link, UsdtHook } from "../../mod.ts";
import { addEntry, entryVariables, lookUpEntry, needsEntry } from "./entry.ts";
import type { ArgdistProbe } from "./probe.ts";
import { CSource } from "../../toolkit/probe_language/c_source.ts";
import {
  Comparisons,
  type Expression,
  expressionCode,
} from "../../toolkit/probe_language/expression.ts";
import type { EmittedCode } from "../../compiler.ts";
import { compiledArgdist, type PlacedProbe } from "./compiled.ts";
import { ProbeError } from "../../toolkit/probe_language/probe_error.ts";
import { attachProbe, fileOf, usdtOptions } from "../../toolkit/probe_language/probe_attach.ts";
import {
  commonCode,
  filterCode,
  functionHead,
  type ProbeFilters,
  programName,
} from "../../toolkit/probe_language/probe_code.ts";
import type { Hook } from "../../toolkit/probe_language/probe_hook.ts";
import {
  checkNames,
  declarations,
  type Variables,
  variablesOf,
} from "../../toolkit/probe_language/probe_variables.ts";
import { checkNoFloats, usdtFloats } from "../../toolkit/probe_language/usdt_variables.ts";

/** Options besides the probes. */
export interface ArgdistProgramOptions extends ProbeFilters {
  /** How many bytes of each text are in a key. */
  readonly textSize: number;
  readonly includes: readonly string[];
}

/** A program and its hook. */
interface Attachment {
  readonly program: string;
  readonly hook: Hook;
  readonly path: string | undefined;
}

/** Slots of a histogram: one for 0, and one for each bit length of a 64-bit number. */
const SLOTS = 65;

/** The slot for an index of the map, whose second half has the slots of negative numbers. */
export const slotOf = (index: number): number => index < SLOTS ? index : SLOTS - index;
/** The maximum number of distinct keys counted for a probe. */
const VALUES = 16384;
/** How many of the 512 bytes of a program's stack texts may use. */
const TEXTS_MAX = 384;

const OWN: Variables = {
  $PID: "unsigned $PID = __ids >> 32;",
  $COMM: "char $COMM[16] = {}; bpf_get_current_comm($COMM, sizeof($COMM));",
};

/** The C source of all programs, and their hooks. */
export class ArgdistProgram {
  readonly source: CSource = new CSource();
  readonly text: string;
  readonly usdt: readonly UsdtHook[];
  readonly #options: ArgdistProgramOptions;
  readonly #comparisons = new Comparisons(false);
  readonly #attachments: Attachment[] = [];
  readonly #placed: PlacedProbe[] = [];
  /** The source line of each expression, with the marker that locates it in compiler errors. */
  readonly #lines = new Map<Expression, string>();

  /** @throws {ProbeError} */
  constructor(probes: readonly ArgdistProbe[], options: ArgdistProgramOptions) {
    this.#options = options;
    probes.forEach((probe, i) => this.#add(probe, i));
    this.usdt = this.#attachments.flatMap(({ program, hook, path }) =>
      hook.kind === "usdt" ? [{ program, ...usdtOptions(hook.name, path!, options.pid) }] : []
    );
    this.text = [
      ...commonCode(options, options.includes, probes.map(({ text }) => text)),
      this.#comparisons.code,
      this.source.text,
    ].join("\n");
  }

  /** The same programs compiled without libbcc. @throws {NotHere} if a probe needs libbcc */
  compiled(): EmittedCode {
    return compiledArgdist(this.#placed, this.#options, (each) => this.#lines.get(each)!);
  }

  /** Attaches all programs, each entry before its return. */
  attach(bpf: Bpf): Link[] {
    return this.#attachments.map(({ program, hook, path }) =>
      attachProbe(bpf, program, hook, path, this.#options.pid)
    );
  }

  #add(probe: ArgdistProbe, index: number): void {
    const { hook, signature, values, filter } = probe;
    checkSize(probe, this.#options.textSize);
    const expressions = [...values, ...filter ? [filter] : []];
    const entry = entryVariables(probe, expressions);
    const path = fileOf(hook, this.#options.pid, this.#options.machine);
    const variables = { ...variablesOf(hook, path, this.#options.machine), ...OWN, ...entry };
    const parameters = new Set(
      hook.kind === "return" ? ["$entry"] : signature?.parameters.map(({ name }) => name),
    );
    checkNames(expressions, hook, variables, parameters);
    checkNoFloats(
      expressions,
      usdtFloats(hook, path, this.#options.machine),
      "trace shows it with %f",
    );
    const entered = needsEntry(expressions);
    let entryProgram: string | undefined;
    if (entered) {
      const added = addEntry(this.source, probe, index, filterCode(this.#options));
      this.#attachments.push({ ...added, path });
      entryProgram = added.program;
    }

    const codes = new Map(
      expressions.map((each) =>
        [each, expressionCode(each, this.#comparisons, variables)] as const
      ),
    );
    this.#addMap(probe, index);
    const program = programName(hook, index);
    functionHead(this.source, program, hook, signature, probe.text);
    this.source.add(
      ...filterCode(this.#options),
      ...entered ? lookUpEntry(hook, index) : [],
      ...declarations([...codes.values()], variables),
    );
    if (filter) {
      this.source.add("  if (!(");
      this.#lines.set(filter, this.source.expression(filter, codes.get(filter)!));
      this.source.add("  )) return 0;");
    }
    this.#addValues(probe, index, codes);
    this.source.add(...countCode(probe, index), "  return 0;", "}");
    this.#attachments.push({ program, hook, path });
    this.#placed.push({ probe, path, program, entry: entryProgram });
  }

  #addMap({ collection, types, hook }: ArgdistProbe, index: number): void {
    const { source } = this;
    if (collection === "histogram") {
      source.add(`BPF_ARRAY(counts_${index}, u64, ${2 * SLOTS});`);
      return;
    }
    source.add(`struct key_${index} {`);
    if (types.length === 0) source.add(`  ${hook.kind === "return" ? "int" : "u8"} v0;`);
    types.forEach((type, i) => {
      if (type.isText) return source.add(`  char v${i}[${this.#options.textSize}];`);
      source.expression(type, sourceText(type));
      source.add(`  v${i};`);
    });
    source.add("};", `BPF_HASH(counts_${index}, struct key_${index}, u64, ${VALUES});`);
  }

  #addValues(
    { collection, types, values, hook }: ArgdistProbe,
    index: number,
    codes: ReadonlyMap<Expression, string>,
  ): void {
    const { source } = this;
    const returned = "(int)PT_REGS_RC(ctx)";
    if (collection === "histogram") {
      if (values.length === 0) return source.add(`  int __value = ${returned};`);
      source.expression(types[0]!, sourceText(types[0]!));
      source.add("  __value = (");
      this.#lines.set(values[0]!, source.expression(values[0]!, codes.get(values[0]!)!));
      return source.add("  );");
    }
    source.add(`  struct key_${index} __key;`, "  __builtin_memset(&__key, 0, sizeof(__key));");
    if (values.length === 0 && hook.kind === "return") source.add(`  __key.v0 = ${returned};`);
    values.forEach((value, i) => {
      const place = `__key.v${i}`;
      source.add(
        types[i]!.isText ? `  read_text(${place}, sizeof(${place}), (u64)(` : `  ${place} = (`,
      );
      this.#lines.set(value, source.expression(value, codes.get(value)!));
      source.add(types[i]!.isText ? "  ));" : "  );");
    });
  }
}

const sourceText = ({ probe, start, end }: Expression) =>
  probe.slice(start, end).replaceAll(/\s/g, " ");

/** @throws {ProbeError} when the values do not fit the program's stack */
function checkSize({ text, types }: ArgdistProbe, textSize: number): void {
  const texts = types.filter(({ isText }) => isText);
  const most = Math.floor(TEXTS_MAX / Math.max(texts.length, 1));
  if (textSize <= most || texts.length === 0) return;
  throw new ProbeError(
    `there is room for ${TEXTS_MAX} bytes of texts: use -z/--string-size with ${most} at most`,
    text,
    texts[0]!.start,
  );
}

function countCode({ collection }: ArgdistProbe, index: number): string[] {
  if (collection === "histogram") {
    // Only a signed type has values below 0.
    return [
      "  bool __negative = __value < 0;",
      "  u64 __size = __negative ? -(u64)__value : (u64)__value;",
      `  u32 __slot = bpf_log2l(__size) + (__negative ? ${SLOTS} : 0);`,
      `  counts_${index}.atomic_increment(__slot);`,
    ];
  }
  return [
    "  u64 __zero = 0;",
    `  u64 *__count = counts_${index}.lookup_or_try_init(&__key, &__zero);`,
    "  if (__count) lock_xadd(__count, 1);",
    "  else events_dropped.atomic_increment(0);",
  ];
}

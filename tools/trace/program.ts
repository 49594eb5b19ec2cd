/**
 * The programs of trace in C: one for each probe. All send their events through one ring buffer.
 *
 * @module
 */

import {
  array,
  bytesRest,
  type Codec,
  f32,
  f64,
  i32,
  type Infer,
  struct,
  toC,
  u32,
  u64,
  type UsdtHook,
} from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import { CSource } from "../../toolkit/probe_language/c_source.ts";
import {
  Comparisons,
  type Expression,
  expressionCode,
} from "../../toolkit/probe_language/expression.ts";
import { fileOf, usdtOptions } from "../../toolkit/probe_language/probe_attach.ts";
import {
  commonCode,
  contextName,
  filterCode,
  functionHead,
  type ProbeFilters,
  programName,
} from "../../toolkit/probe_language/probe_code.ts";
import { conversionsOf, isFloating } from "./format.ts";
import {
  checkNames,
  declarations,
  variablesOf,
} from "../../toolkit/probe_language/probe_variables.ts";
import type { TraceProbe } from "./probe.ts";
import {
  checkNoFloats,
  floatSize,
  usdtFloats,
} from "../../toolkit/probe_language/usdt_variables.ts";
import type { BorrowedWalk } from "../../toolkit/stacks/borrowed_walk.ts";
import type { EmittedCode } from "../../compiler.ts";
import { compiledTrace } from "./compiled.ts";
import { Who } from "../../toolkit/task/who.ts";

/** Options besides the probes. */
export interface TraceProgramOptions extends ProbeFilters {
  readonly kernelStack: boolean;
  readonly userStack: boolean;
  /** Texts compared with STRCMP are lists of bytes (-B). */
  readonly binary: boolean;
  readonly includes: readonly string[];
  /** Unwinds user stacks without frame pointers; undefined: the kernel walks by frame pointers. */
  readonly walk?: BorrowedWalk | undefined;
  /** The size of the ring buffer, in pages. */
  readonly pages: number;
}

const STACK_DEPTH = 127; // PERF_MAX_STACK_DEPTH, the kernel's default
const Stack = array(u64, STACK_DEPTH);

const head = {
  who: Who,
  ns: u64.asNumber,
  cpu: u32,
  probe: u32,
  /** The sizes of the stacks in bytes, or -errno. */
  kernel_size: i32,
  user_size: i32,
};

/** An event; it has stacks if requested. */
export interface TraceEvent extends Infer<typeof Head> {
  readonly kernel?: readonly bigint[];
  readonly user?: readonly bigint[];
  /** The bytes of the values, which {@linkcode TraceProgram.valuesOf} decodes. */
  readonly rest: Uint8Array<ArrayBuffer>;
}
const Head = struct("event", head);

/** A probe and its program. */
export interface TracedProbe extends TraceProbe {
  readonly program: string;
  /** The file of a user function or a USDT probe. */
  readonly path: string | undefined;
}

/** The C source of all programs, and the codecs of their events. */
export class TraceProgram {
  readonly source: CSource = new CSource();
  readonly text: string;
  readonly probes: readonly TracedProbe[];
  readonly usdt: readonly UsdtHook[];
  readonly event: Codec<TraceEvent>;
  readonly #values: readonly (Codec<Record<string, string | number | bigint>> | undefined)[];
  readonly #comparisons: Comparisons;
  readonly #options: TraceProgramOptions;
  readonly #head: Parameters<typeof compiledTrace>[2]["head"];
  /** The source line of each expression, with the marker that locates it in compiler errors. */
  readonly #lines = new Map<Expression, string>();

  /** @throws {ProbeError} */
  constructor(probes: readonly TraceProbe[], options: TraceProgramOptions) {
    this.#options = options;
    this.#comparisons = new Comparisons(options.binary);
    const { pid, machine } = options;
    this.probes = probes.map((probe, i) => ({
      ...probe,
      program: programName(probe.hook, i),
      path: fileOf(probe.hook, pid, machine),
    }));
    this.usdt = this.probes.flatMap(({ hook, program, path }) =>
      hook.kind === "usdt" ? [{ program, ...usdtOptions(hook.name, path!, pid) }] : []
    );
    const stacks = {
      ...options.kernelStack ? { kernel: Stack } : {},
      ...options.userStack ? { user: Stack } : {},
    };
    // Not named as the C struct "event", which lacks the values: the layout check would reject it.
    this.#head = struct("event", { ...head, ...stacks });
    this.event = struct("traced", { ...head, ...stacks, rest: bytesRest() }) as Codec<TraceEvent>;
    this.#values = this.probes.map((probe, i) => valuesCodec(probe, i, machine));
    this.probes.forEach((probe, i) => this.#add(probe, i));
    this.text = [
      ...commonCode(options, options.includes, probes.map(({ text }) => text)),
      toC(struct("event", { ...head, ...stacks })),
      `BPF_RINGBUF_OUTPUT(events, ${options.pages});`,
      SET_WHO,
      this.#comparisons.code,
      this.source.text,
    ].join("\n");
  }

  /** The values of an event. */
  valuesOf({ probe, rest }: TraceEvent): (string | number | bigint)[] {
    const codec = this.#values[probe];
    if (!codec) return [];
    const view = new DataView(rest.buffer, rest.byteOffset, rest.length);
    return Object.values(codec.read(view, 0, rest.length));
  }

  /** The same programs compiled without libbcc. @throws {NotHere} if a probe needs libbcc */
  compiled(): EmittedCode {
    return compiledTrace(this.probes, this.#options, {
      head: this.#head,
      values: this.probes.map((probe) =>
        Object.fromEntries(forC(valueFields(probe, this.#options.machine)))
      ),
      lineOf: (expression) => this.#lines.get(expression)!,
    });
  }

  #add(probe: TracedProbe, index: number): void {
    const { source } = this;
    const { hook, signature, filter, values, program } = probe;
    const variables = variablesOf(hook, probe.path, this.#options.machine);
    const parameters = new Set(signature?.parameters.map(({ name }) => name));
    const expressions = [...filter ? [filter] : [], ...values];
    checkNames(expressions, hook, variables, parameters);
    const codes = new Map(
      expressions.map((each) =>
        [each, expressionCode(each, this.#comparisons, variables)] as const
      ),
    );

    const fields = valueFields(probe, this.#options.machine);
    const codec = fields.length > 0
      ? struct(`values_${index}`, Object.fromEntries(forC(fields)))
      : undefined;
    source.add(
      ...codec ? [toC(codec)] : [],
      `struct record_${index} { struct event event;${
        codec ? ` struct values_${index} values;` : ""
      } };`,
    );
    functionHead(source, program, hook, signature, probe.text);
    source.add(...filterCode(this.#options), ...declarations([...codes.values()], variables));
    if (filter) {
      source.add("  if (!(");
      this.#lines.set(filter, source.expression(filter, codes.get(filter)!));
      source.add("  )) return 0;");
    }
    source.add(...this.#record(index, contextName(hook)));
    conversionsOf(probe.format).forEach(({ type }, i) => {
      this.#assign(values[i]!, codes.get(values[i]!)!, `__e->values.v${i}`, type);
    });
    // As void *: the buffer has events of several types, so libbcc knows no type for them.
    source.add("  void *__done = __e;", "  events.ringbuf_submit(__done, 0);", "  return 0;", "}");
  }

  /** The statements that reserve and fill in an event's head. */
  #record(index: number, context: string): string[] {
    const { kernelStack, userStack } = this.#options;
    const stack = (name: string, flags: string) =>
      `  __e->event.${name}_size = bpf_get_stack(${context}, __e->event.${name}, ` +
      `sizeof(__e->event.${name}), ${flags});`;
    return [
      `  struct record_${index} *__e = events.ringbuf_reserve(sizeof(struct record_${index}) + 0);`,
      "  if (!__e) { events_dropped.atomic_increment(0); return 0; }",
      "  __set_who(&__e->event.who, __ids);",
      "  __e->event.ns = bpf_ktime_get_ns();",
      "  __e->event.cpu = bpf_get_smp_processor_id();",
      `  __e->event.probe = ${index};`,
      ...kernelStack ? [stack("kernel", "0")] : ["  __e->event.kernel_size = 0;"],
      ...userStack ? [stack("user", "BPF_F_USER_STACK")] : ["  __e->event.user_size = 0;"],
    ];
  }

  #assign(value: Expression, code: string, place: string, type: string | undefined): void {
    const { source } = this;
    source.add(type === undefined ? `  { u64 __at = (u64)(` : `  ${place} = (${type})(`);
    this.#lines.set(value, source.expression(value, code));
    source.add("  );");
    if (type === undefined) {
      source.add(`  ${place}[0] = 0;`);
      source.add(`  if (__at) read_text(${place}, sizeof(${place}), __at); }`);
    }
  }
}

const SET_WHO = `static __always_inline void __set_who(struct who *who, u64 ids)
{
  u64 user = bpf_get_current_uid_gid();
  who->cgroup = bpf_get_current_cgroup_id();
  who->pid = ids >> 32;
  who->tid = (u32)ids;
  who->uid = (u32)user;
  who->gid = user >> 32;
  bpf_get_current_comm(who->comm, sizeof(who->comm));
}`;

type ValueField = readonly [name: string, codec: Codec<string | number | bigint>];

/**
 * The type of each value in an event. @throws {ProbeError} for a floating-point number that a
 * program cannot copy
 */
function valueFields(
  { hook, path, format, values, filter }: TracedProbe,
  machine: Machine,
): ValueField[] {
  const floats = usdtFloats(hook, path, machine);
  const instead = 'show it by itself: "%f", arg1';
  checkNoFloats(filter ? [filter] : [], floats, instead);
  return conversionsOf(format).map((conversion, i): ValueField => {
    const name = `v${i}`, value = values[i]!;
    if (isFloating(conversion)) return [name, floatSize(value, floats) === 4 ? f32 : f64];
    checkNoFloats([value], floats, instead);
    return [name, conversion.codec];
  });
}

/** Fields with integer types for floating-point numbers, whose bits programs copy. */
const forC = (fields: readonly ValueField[]) =>
  fields.map(([name, codec]): ValueField => [
    name,
    codec === f32 ? u32 : codec === f64 ? u64 : codec,
  ]);

function valuesCodec(probe: TracedProbe, index: number, machine: Machine) {
  const fields = valueFields(probe, machine);
  if (fields.length === 0) return undefined;
  return struct(`values_${index}`, Object.fromEntries(fields)) as Codec<
    Record<string, string | number | bigint>
  >;
}

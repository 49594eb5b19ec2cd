/**
 * The programs of trace, compiled by this project's own compiler. program.ts writes the same
 * programs in C, for probes that need libbcc.
 *
 * @module
 */

import { type Codec, struct, type StructCodec } from "../../mod.ts";
import {
  type AnyMap,
  type CodeOperand as Operand,
  EmittedCode,
  type EmittedProgram,
  Helper,
  int,
  type IntInC,
  type ProgramWriter,
  type Reg,
} from "../../compiler.ts";
import { MapType, pageSize } from "../../plumbing.ts";
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
  COMM_SIZE,
  countDropped,
  currentIds,
  half,
  writeFilters,
} from "../../toolkit/probe_language/compiled/filters.ts";
import { kernelHook } from "../../toolkit/probe_language/compiled/hooks.ts";
import { variablesAt } from "../../toolkit/probe_language/compiled/variables.ts";
import { WALK } from "../../toolkit/stacks/borrowed_walk.ts";
import { type Conversion, conversionsOf } from "./format.ts";
import type { TracedProbe, TraceProgramOptions } from "./program.ts";

type Place = StructCodec<Record<string, unknown>>;

/** The layout of events. */
export interface EventLayout {
  /** The members that all events start with; with stacks if requested. */
  readonly head: Place;
  /** For each probe the codecs of the values after the head, by name. */
  readonly values: readonly Readonly<Record<string, Codec<unknown>>>[];
  /** The source line that the verifier's log shows for an expression. */
  readonly lineOf: (expression: Expression) => string;
}

/** BPF_F_USER_STACK of include/uapi/linux/bpf.h. */
const USER_STACK = 1n << 8n;

/** The code of all probes. @throws {NotHere} when something needs libbcc */
export function compiledTrace(
  probes: readonly TracedProbe[],
  options: TraceProgramOptions,
  layout: EventLayout,
): EmittedCode {
  const programs = probes.map((probe, i) =>
    [probe.program, compiledProbe(probe, i, options, layout)] as const
  );
  return new EmittedCode({
    maps: {
      events: buffer(options.pages * pageSize()),
      ...cgroupMaps(options),
    },
    programs: Object.fromEntries(programs),
    borrow: options.walk && (() => options.walk!.borrow()),
  });
}

const buffer = (bytes: number): AnyMap => ({
  role: "events",
  type: MapType.RINGBUF,
  key: undefined,
  value: undefined,
  entries: bytes,
});

function compiledProbe(
  probe: TracedProbe,
  index: number,
  options: TraceProgramOptions,
  layout: EventLayout,
): EmittedProgram {
  const { hook, path, signature, filter, values, format } = probe;
  const { machine, pid, binary } = options;
  const lines = new Lines(probe.text);
  const variables = explained(
    probe.text,
    0,
    () => variablesAt({ hook, path, signature, machine, pid }),
  );
  const type = (each: Expression) => typed(each, variables, binary, lines.add(layout.lineOf(each)));
  const condition = filter && type(filter);
  const typedValues = values.map(type);
  const conversions = conversionsOf(format);
  const write = (program: ProgramWriter) => {
    const { builder } = program;
    writeFilters(program, options);
    if (condition) endUnless(program, condition);
    builder.line = 0;
    const { head } = layout;
    const fields = layout.values[index]!;
    const places = conversions.length === 0 ? undefined : struct("values", fields) as Place;
    const size = 8 * Math.ceil((head.size + (places?.size ?? 0)) / 8);
    const event = reserve(program, size);
    writeHead(program, event, index, head, options);
    conversions.forEach((conversion, i) => {
      const name = `v${i}`;
      const offset = head.size + places!.offsetOf(name);
      writeValue(program, event, offset, fields[name]!.size, conversion, typedValues[i]!);
    });
    builder.line = 0;
    builder.call(Helper.RINGBUF_SUBMIT, event, 0n);
  };
  return { hook: kernelHook(hook, path, pid), text: lines.text, write };
}

/** Reserves an event; if the ring buffer is full, counts it as dropped and ends the program. */
function reserve(program: ProgramWriter, size: number): Reg {
  const { builder } = program;
  const event = builder.call(Helper.RINGBUF_RESERVE, { map: "events" }, BigInt(size), 0n);
  builder.keep();
  const [room, full] = [builder.block(), builder.block()];
  builder.branch("ne", event, 0n, room, full);
  builder.enter(full);
  countDropped(program);
  builder.exit(0n);
  builder.enter(room);
  return event;
}

/** Offsets of the members of struct who. */
const [CGROUP, PID, TID, UID, GID, COMM] = [0, 8, 12, 16, 20, 24];

function writeHead(
  program: ProgramWriter,
  event: Reg,
  index: number,
  head: Place,
  { machine, kernelStack, userStack, walk }: TraceProgramOptions,
): void {
  const { builder, context } = program;
  const who = head.offsetOf("who");
  const put = (offset: number, bytes: 4 | 8, value: Reg | bigint) =>
    builder.store(event, offset, bytes, value);
  const ids = currentIds(program, machine);
  put(who + PID, 4, half(program, ids, "high"));
  put(who + TID, 4, ids);
  const user = program.once("user", () => builder.call(Helper.GET_CURRENT_UID_GID));
  put(who + UID, 4, user);
  put(who + GID, 4, half(program, user, "high"));
  put(who + CGROUP, 8, builder.call(Helper.GET_CURRENT_CGROUP_ID));
  const name = builder.alu("add", event, BigInt(who + COMM));
  builder.call(Helper.GET_CURRENT_COMM, name, BigInt(COMM_SIZE));
  put(head.offsetOf("ns"), 8, builder.call(Helper.KTIME_GET_NS));
  const cpu = program.once("cpu", () => builder.call(Helper.GET_SMP_PROCESSOR_ID));
  put(head.offsetOf("cpu"), 4, cpu);
  put(head.offsetOf("probe"), 4, BigInt(index));
  for (const [which, wanted, flags] of STACKS(kernelStack, userStack)) {
    if (!wanted) {
      put(head.offsetOf(`${which}_size`), 4, 0n);
      continue;
    }
    const stack = builder.alu("add", event, BigInt(head.offsetOf(which)));
    const byKernel = () =>
      builder.call(Helper.GET_STACK, context, stack, BigInt(STACK_BYTES), flags);
    const size = which === "user" && walk ? walked(program, stack, byKernel) : byKernel();
    put(head.offsetOf(`${which}_size`), 4, size);
  }
}

/**
 * Stores the user stack; returns its size in bytes, or -errno. WALK unwinds without frame pointers;
 * if it returns 0, bpf_get_stack() walks by frame pointers (`byKernel`).
 */
function walked({ builder }: ProgramWriter, stack: Operand, byKernel: () => Reg): Reg {
  const size = builder.copy(builder.call(WALK, stack));
  builder.keep();
  const [none, end] = [builder.block(), builder.block()];
  builder.branch("eq", size, 0n, none, end);
  builder.enter(none);
  builder.move(size, byKernel());
  builder.enter(end);
  return size;
}

const STACK_BYTES = 8 * 127; // PERF_MAX_STACK_DEPTH

const STACKS = (kernel: boolean, user: boolean) =>
  [["kernel", kernel, 0n], ["user", user, USER_STACK]] as const;

function writeValue(
  program: ProgramWriter,
  event: Reg,
  offset: number,
  size: number,
  { type }: Conversion,
  value: TypedExpression,
): void {
  if (type === undefined) return storeText(program, value, event, offset, size);
  const bits = 8 * size as IntInC["bits"];
  const stored = valueAs(program, value, int(bits, type.startsWith("s")));
  program.builder.store(event, offset, size as 1 | 2 | 4 | 8, stored);
}

/**
 * Keeps values from a function's entry for its return, in compiled programs. entry.ts writes the
 * same in C.
 *
 * @module
 */

import { type Codec, struct, u64 } from "../../mod.ts";
import {
  type AnyMap,
  CHAR,
  type CodeOperand,
  type EmittedProgram,
  hash,
  Helper,
  pointerTo,
  type ProgramWriter,
  type Reg,
  UnsignedInC,
  UnsignedLongInC,
  type VariableInC,
} from "../../compiler.ts";
import { registerOffsets } from "../../plumbing.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import type { Hook } from "../../toolkit/probe_language/probe_hook.ts";
import { explained } from "../../toolkit/probe_language/compiled/expressions.ts";
import {
  COMM_SIZE,
  countDropped,
  currentIds,
  half,
  writeFilters,
} from "../../toolkit/probe_language/compiled/filters.ts";
import { kernelHook } from "../../toolkit/probe_language/compiled/hooks.ts";
import { variablesAt } from "../../toolkit/probe_language/compiled/variables.ts";
import { CALL_SIZE, CALLS } from "./entry.ts";
import type { ArgdistProbe } from "./probe.ts";
import type { ArgdistProgramOptions } from "./program.ts";

/** The key: the thread, and for user functions the stack pointer. */
const Call = struct("call", { task: u64, frame: u64 });

/** The program at the entry, and how a return looks up what it stored. */
export class EntryWriter {
  readonly maps: Readonly<Record<string, AnyMap>>;
  readonly program: EmittedProgram;
  readonly #map: string;
  readonly #isUser: boolean;
  /** Parameters by name, in the order in which they are stored after the time. */
  readonly #parameters: ReadonlyMap<string, VariableInC>;
  /** The values that the current return program has looked up: the time, then the parameters. */
  #found: readonly Reg[] = [];
  #left: CodeOperand = 0n;

  constructor(
    { text, hook, signature }: ArgdistProbe,
    index: number,
    path: string | undefined,
    options: ArgdistProgramOptions,
  ) {
    const { machine, pid } = options;
    this.#map = `entries_${index}`;
    this.#isUser = path !== undefined;
    const entry = { ...hook, kind: "entry" } as Hook;
    const variables = explained(
      text,
      0,
      () => variablesAt({ hook: entry, path, signature, machine, pid }),
    );
    const names = signature?.parameters.map(({ name }) => name) ?? [];
    this.#parameters = new Map(names.map((name) => [name, variables.get(name)!]));
    const kept = Array.from({ length: 1 + this.#parameters.size }, (_, i) => [`v${i}`, u64]);
    const Entry = struct("entry", Object.fromEntries(kept) as Record<string, Codec<bigint>>);
    this.maps = { [this.#map]: hash(Call, Entry, { entries: CALLS }) };
    const write = (program: ProgramWriter) => {
      writeFilters(program, options);
      this.#keep(program);
    };
    this.program = {
      hook: kernelHook(entry, path, pid),
      text: text.replaceAll(/\s+/g, " "),
      write,
    };
  }

  /** Variables at returns: `$latency`, and `$entry(NAME)` for each parameter. */
  get variables(): [name: string, variable: VariableInC][] {
    const latency = ({ builder }: ProgramWriter) => builder.alu("sub", this.#left, this.#found[0]!);
    return [
      ["$latency", { type: UnsignedLongInC, read: latency }],
      ...[...this.#parameters].map(([name, { type }], i): [string, VariableInC] => [
        `$entry(${name})`,
        { type, read: () => this.#found[1 + i]! },
      ]),
    ];
  }

  /** Looks up what the entry stored, and ends the program if there is nothing. */
  find(program: ProgramWriter): void {
    const { builder } = program;
    this.#left = builder.call(Helper.KTIME_GET_NS);
    builder.keep();
    builder.withSlot(Call.size, (call) => {
      this.#setCall(program, call, 0);
      const place = builder.call(Helper.MAP_LOOKUP_ELEM, { map: this.#map }, {
        ...call,
        offset: 0,
      });
      builder.keep();
      const [none, there] = [builder.block(), builder.block()];
      builder.branch("eq", place, 0n, none, there);
      builder.enter(none);
      builder.exit(0n);
      builder.enter(there);
      this.#found = Array.from(
        { length: 1 + this.#parameters.size },
        (_, i) => builder.load(place, 8 * i, 8),
      );
      builder.keep();
      builder.call(Helper.MAP_DELETE_ELEM, { map: this.#map }, { ...call, offset: 0 });
    });
  }

  #keep(program: ProgramWriter): void {
    const { builder } = program;
    const size = 8 * (1 + this.#parameters.size);
    builder.withSlot(Call.size, (call) =>
      builder.withSlot(size, (entry) => {
        this.#setCall(program, call, CALL_SIZE);
        [...this.#parameters.values()].forEach(({ read }, i) => {
          builder.store(entry, 8 * (1 + i), 8, read!(program));
        });
        builder.store(entry, 0, 8, builder.call(Helper.KTIME_GET_NS));
        const result = builder.call(
          Helper.MAP_UPDATE_ELEM,
          { map: this.#map },
          { ...call, offset: 0 },
          { ...entry, offset: 0 },
          0n,
        );
        const [full, end] = [builder.block(), builder.block()];
        builder.branch("ne", result, 0n, full, end);
        builder.enter(full);
        countDropped(program);
        builder.enter(end);
      }));
  }

  /** @param pushed bytes that the call pushed and the return pops */
  #setCall(program: ProgramWriter, call: { readonly slot: number }, pushed: number): void {
    const { builder, context } = program;
    builder.store(call, 0, 8, builder.call(Helper.GET_CURRENT_PID_TGID));
    const frame = this.#isUser
      ? builder.alu("add", builder.load(context, registerOffsets().sp, 8), BigInt(pushed))
      : 0n;
    builder.store(call, 8, 8, frame);
  }
}

/** Adds argdist's special names. */
export function argdistVariables(
  variables: Map<string, VariableInC>,
  entry: EntryWriter | undefined,
  machine: Machine,
): void {
  const process = (program: ProgramWriter) => half(program, currentIds(program, machine), "high");
  variables.set("$PID", { type: UnsignedInC, read: process });
  variables.set("$COMM", { type: pointerTo(CHAR), read: commAddress, isKernel: true });
  for (const [name, variable] of entry?.variables ?? []) variables.set(name, variable);
}

/** The address of the thread's name, copied to the BPF stack: kernel memory, not user memory. */
function commAddress(program: ProgramWriter): Reg {
  const { builder } = program;
  return program.once("comm", () => {
    const slot = builder.slot(COMM_SIZE);
    builder.call(Helper.GET_CURRENT_COMM, { ...slot, offset: 0 }, BigInt(COMM_SIZE));
    return builder.address(slot, 0);
  });
}

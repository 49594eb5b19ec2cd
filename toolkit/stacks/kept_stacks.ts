/**
 * Reads the stacks that the kernel side keeps, each once (kept_stacks.h).
 *
 * @module
 */

import {
  type Bpf,
  type BpfMap,
  bytes,
  type FormatOptions,
  formatSymbol,
  type ResolvedSymbol,
  type SourceLine,
  u64,
} from "../../mod.ts";
import { KernelNames } from "./kernel_names.ts";

const STACK_DEPTH = 127;
/** Ids that stand for no stack: there is none, or the map had no room for it. */
const [NO_STACK, MISSED_STACK] = [0n, 1n];

const Stack = bytes(STACK_DEPTH * 8);

/** One call in a stack. */
export interface Frame {
  readonly address: bigint;
  readonly kernel: boolean;
  readonly symbol: ResolvedSymbol | undefined;
  /** The source line, if it was requested and is known. */
  readonly line?: SourceLine | undefined;
  /** Whether the compiler inlined it, into the next frame that is not inlined. */
  readonly isInlined?: boolean;
  /** Whether it is a frame of an interpreter: `address` is then the frame's key, not an address. */
  readonly isInterpreted?: boolean;
}

/**
 * A frame as `formatSymbol` writes it, with its line: `main+0x1c (app.c:12)`, `add (app.c:3, inlined)`.
 * Inlined functions and those of interpreters have no offsets.
 */
export function frameText(frame: Frame, options: FormatOptions): string {
  const { symbol, address, line, isInlined, isInterpreted } = frame;
  const text = formatSymbol(symbol, address, isInlined || isInterpreted ? {} : options);
  if (!line && !isInlined) return text;
  const place = line && `${line.file.slice(line.file.lastIndexOf("/") + 1)}:${line.line}`;
  return `${text} (${[place, isInlined && "inlined"].filter(Boolean).join(", ")})`;
}

/** A frame without offset: `vfs_read`, or if unknown `[libc.so.6+0x2a1f0]`; with its line, if it has one. */
export const frameName = (frame: Frame) => frameText(frame, {});

/** What is shown in place of a stack that could not be kept, as bcc's tools do. */
export const missedStack = (kind: "Kernel" | "User") => `[Missed ${kind} Stack]`;

/** `comm;main;read;vfs_read 3`: a line of folded stacks, outermost first. */
export function foldedText(names: readonly string[], value: number | bigint | string): string {
  // Names of Rust contain semicolons: [u8; 4].
  return `${names.map((name) => name.replaceAll(";", ":")).join(";")} ${value}`;
}

/** Functions that tracing itself adds to the kernel stack. */
export const TRACING =
  /^(bpf_prog_|bpf_trace_run|__bpf_trace_|__traceiter_|bpf_get_stackid|trace_event_)/;

/** The stacks that a program keeps, by id. */
export class KeptStacks {
  readonly #stacks: BpfMap<bigint, Uint8Array>;
  readonly #kernel = new KernelNames();

  /** @param bpf includes kept_stacks.h */
  constructor(bpf: Bpf) {
    this.#stacks = bpf.map("stacks", u64, Stack);
  }

  /** The addresses of a stack, innermost first; empty if there is none, undefined if it was not kept. */
  addresses(id: bigint): bigint[] | undefined {
    if (id === NO_STACK) return [];
    const stack = id === MISSED_STACK ? undefined : this.#stacks.get(id);
    if (!stack) return undefined;
    const view = new DataView(stack.buffer, stack.byteOffset, stack.length);
    const frames: bigint[] = [];
    // Unused slots are 0: the first one ends the stack.
    for (let at = 0; at < stack.length; at += 8) {
      const frame = view.getBigUint64(at, true);
      if (frame === 0n) break;
      frames.push(frame);
    }
    return frames;
  }

  /** A symbolized kernel stack, innermost first, without the frames of tracing itself. */
  kernel(id: bigint): Frame[] | undefined {
    const addresses = this.addresses(id);
    const symbols = this.#kernel.resolveStack(addresses ?? []);
    const frames = addresses?.map((address, i) => ({ address, kernel: true, symbol: symbols[i] }));
    const own = frames?.findIndex(({ symbol }) => !TRACING.test(symbol?.name ?? "")) ?? 0;
    return frames?.slice(Math.max(own, 0));
  }
}

/**
 * Stack traces that programs take with `bpf_get_stackid`. Needs Linux >= 4.6.
 *
 * @module
 */

import type { Infer } from "../../ffi/codec/codec.ts";
import { array, bytes, i32, struct, u64 } from "../../ffi/codec/mod.ts";
import { type BpfMap, newBpfMap } from "./map.ts";
import { mapFlags, type MapInfo } from "./map_info.ts";

/** Creates a {@linkcode StackTraces}; the constructor is private, so its parameters are no API. */
export let newStackTraces: (
  ...made: [info: MapInfo]
) => StackTraces;

/** Stacks by the id that `bpf_get_stackid` returned. */
export class StackTraces implements Iterable<[number, bigint[]]> {
  readonly #map: BpfMap<number, bigint[]>;

  /** Made by {@linkcode Bpf.stacks}. */
  private constructor(info: MapInfo) {
    checkKind(info, false);
    this.#map = newBpfMap(info, i32, array(u64, info.valueSize / 8));
  }

  static {
    newStackTraces = (...made) => new StackTraces(...made);
  }

  /** The map's name in C. */
  get name(): string {
    return this.#map.name;
  }

  /** The addresses of a stack, innermost first; undefined for an unknown id. */
  get(id: number): bigint[] | undefined {
    // A negative id is the errno that the program got.
    return id < 0 ? undefined : framesOf(this.#map.get(id));
  }

  /** Removes a stack; false when there was none. */
  delete(id: number): boolean {
    return this.#map.delete(id);
  }

  /** Removes all stacks. */
  clear(): void {
    for (const [id] of [...this]) this.delete(id);
  }

  /** All stacks by their ids. */
  *[Symbol.iterator](): Generator<[number, bigint[]], void, void> {
    for (const [id, frames] of this.#map) yield [id, framesOf(frames)!];
  }
}

/** The kernel pads a stack with zeros. */
function framesOf(frames: bigint[] | undefined): bigint[] | undefined {
  const end = frames?.indexOf(0n) ?? -1;
  return end < 0 ? frames : frames!.slice(0, end);
}

/** BPF_F_STACK_BUILD_ID (include/uapi/linux/bpf.h). */
const BY_BUILD_ID = 1 << 5;

/** struct bpf_stack_build_id; its last member is a file offset or an address. */
const FrameRecord = struct("bpf_stack_build_id", { status: i32, build_id: bytes(20), place: u64 });

const [EMPTY, VALID] = [0, 1];

/** A frame as a file's build id and offset, or its address where the kernel found no build id. */
export type BuildIdFrame =
  | { readonly buildId: string; readonly offset: bigint }
  | { readonly address: bigint };

/**
 * Creates a {@linkcode BuildIdStacks}; the constructor is private, so its parameters are no API.
 */
export let newBuildIdStacks: (
  ...made: [info: MapInfo]
) => BuildIdStacks;

/**
 * User stacks by the id that `bpf_get_stackid` returned. Each frame is a file's build id, in
 * hexadecimal, and an offset in that file, so that it can be symbolized after the process has
 * ended.
 *
 * The map has the flag BPF_F_STACK_BUILD_ID, as with bcc's `BPF_STACK_TRACE_BUILDID`. Needs Linux
 * >= 4.17.
 */
export class BuildIdStacks implements Iterable<[number, BuildIdFrame[]]> {
  readonly #map: BpfMap<number, Infer<typeof FrameRecord>[]>;

  /** Made by {@linkcode Bpf.buildIdStacks}. */
  private constructor(info: MapInfo) {
    checkKind(info, true);
    const frames = array(FrameRecord, info.valueSize / FrameRecord.size);
    this.#map = newBpfMap(info, i32, frames);
  }

  static {
    newBuildIdStacks = (...made) => new BuildIdStacks(...made);
  }

  /** The map's name in C. */
  get name(): string {
    return this.#map.name;
  }

  /** The frames of a stack, innermost first; undefined for an unknown id. */
  get(id: number): BuildIdFrame[] | undefined {
    return id < 0 ? undefined : this.#map.get(id)?.flatMap(frameOf);
  }

  /** Removes a stack; false when there was none. */
  delete(id: number): boolean {
    return this.#map.delete(id);
  }

  /** All stacks by their ids. */
  *[Symbol.iterator](): Generator<[number, BuildIdFrame[]], void, void> {
    for (const [id, frames] of this.#map) yield [id, frames.flatMap(frameOf)];
  }
}

function frameOf({ status, build_id, place }: Infer<typeof FrameRecord>): BuildIdFrame[] {
  if (status === EMPTY) return [];
  if (status !== VALID) return [{ address: place }];
  const buildId = Array.from(build_id, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [{ buildId, offset: place }];
}

function checkKind(info: MapInfo, byBuildId: boolean): void {
  if ((mapFlags(info) & BY_BUILD_ID) !== 0 === byBuildId) return;
  const [kind, method] = byBuildId
    ? ["addresses", "stacks"]
    : ["build ids and offsets", "buildIdStacks"];
  throw new TypeError(
    `Cannot read stacks of map "${info.name}": its frames are ${kind}: open it with ${method}()`,
  );
}

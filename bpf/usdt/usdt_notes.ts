/**
 * The USDT probes of one file, as the notes in its section .note.stapsdt tell of them.
 *
 * Each note is { u64 location, base, semaphore; provider, name, arguments as C strings }. Format: the
 * SystemTap wiki's UserSpaceProbeImplementation; elf(5).
 *
 * @module
 */

import { bufferText } from "../../ffi/libc/memory.ts";
import { ElfFile } from "../elf/elf_file.ts";
import { parseArguments, type UsdtArgument } from "./usdt_argument.ts";

/** A probe of a file. */
export interface UsdtProbe {
  /** The file, as this process reaches it: below /proc/PID/root when asked for by `pid`. */
  readonly path: string;
  readonly provider: string;
  readonly name: string;
  /** Where in the code it is; a probe in an inlined function has several. */
  readonly locations: readonly UsdtLocation[];
}

/** One place of a probe. */
export interface UsdtLocation {
  /** The virtual address as `nm` and `objdump` print it. */
  readonly address: number;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** A counter of tracers that the program may look at before it makes arguments, if there is one. */
  readonly semaphore: { readonly address: number; readonly offset: number } | undefined;
  readonly arguments: readonly UsdtArgument[];
}

const NOTE_TYPE = 3;
/** What a note has in front of its strings, and their three ends. */
const LEAST_SIZE = 27;

/**
 * The probes of a file in the order of their first notes.
 *
 * @throws {ErrnoError} when it cannot be read @throws {RangeError} when it is no such file
 */
export function fileProbes(path: string): UsdtProbe[] {
  using file = new ElfFile(path);
  const probes = new Map<string, UsdtProbe & { locations: UsdtLocation[] }>();
  for (const { provider, name, location } of readNotes(file)) {
    const key = `${provider}:${name}`;
    const probe = probes.get(key);
    if (probe) probe.locations.push(location);
    else probes.set(key, { path, provider, name, locations: [location] });
  }
  return [...probes.values()];
}

function* readNotes(
  file: ElfFile,
): Generator<{ provider: string; name: string; location: UsdtLocation }> {
  const content = file.section(".note.stapsdt")?.content;
  if (!content) return;
  const base = file.section(".stapsdt.base")?.address;
  const bytes = new Uint8Array(
    content.buffer as ArrayBuffer,
    content.byteOffset,
    content.byteLength,
  );
  // Notes are { u32 name size, u32 size, u32 type }, the name and the bytes, each padded to 4.
  for (let at = 0; at + 12 <= bytes.length;) {
    const start = at + 12 + (content.getUint32(at, true) + 3 & ~3);
    const size = content.getUint32(at + 4, true);
    const type = content.getUint32(at + 8, true);
    at = start + (size + 3 & ~3);
    if (type !== NOTE_TYPE || size < LEAST_SIZE || at > bytes.length) continue;
    const [address, noted, semaphore] = [0, 8, 16].map((n) =>
      Number(content.getBigUint64(start + n, true))
    ) as [number, number, number];
    // A prelinked file has moved since its notes were written.
    const moved = base === undefined ? 0 : base - noted;
    const offset = file.offsetOf(address + moved);
    if (offset === undefined) continue;
    const [provider, name, text] = strings(bytes.subarray(start + 24, start + size));
    const counter = semaphore === 0 ? undefined : semaphore + moved;
    const counterOffset = counter === undefined ? undefined : file.offsetOf(counter);
    yield {
      provider: provider!,
      name: name!,
      location: {
        address: address + moved,
        offset,
        semaphore: counterOffset === undefined
          ? undefined
          : { address: counter!, offset: counterOffset },
        arguments: parseArguments(text!),
      },
    };
  }
}

/** Three C strings, one behind the other. */
function strings(bytes: Uint8Array<ArrayBuffer>): string[] {
  let rest = bytes;
  return [0, 1, 2].map(() => {
    const text = bufferText(rest);
    const end = rest.indexOf(0);
    rest = rest.subarray(end < 0 ? rest.length : end + 1);
    return text;
  });
}

/**
 * The USDT probes of a file, from the notes in its section .note.stapsdt.
 *
 * Each note is { u64 location, base, semaphore; provider, name, arguments as C strings }. Format: the
 * SystemTap wiki's UserSpaceProbeImplementation; elf(5).
 *
 * @module
 */

import { bufferText } from "../../ffi/libc/memory.ts";
import { ElfFile } from "../elf/elf_file.ts";
import { notesIn } from "../elf/elf_notes.ts";
import { viewOf, word } from "../elf/elf_reader.ts";
import { parseArguments, type UsdtArgument } from "./usdt_argument.ts";

/** A probe of a file. */
export interface UsdtProbe {
  /** The file as this process reaches it: below /proc/PID/root when looked up by `pid`. */
  readonly path: string;
  /** The provider: `python`. */
  readonly provider: string;
  /** The probe's name: `function__entry`. */
  readonly name: string;
  /** Where it is in the code; a probe in an inlined function has several locations. */
  readonly locations: readonly UsdtLocation[];
}

/** One location of a probe. */
export interface UsdtLocation {
  /** The virtual address as `nm` and `objdump` print it. */
  readonly address: number;
  /** File offset in bytes. */
  readonly offset: number;
  /**
   * The file offset of the semaphore, a counter of tracers that the program may check before it
   * prepares arguments; undefined without one.
   */
  readonly semaphore: { readonly address: number; readonly offset: number } | undefined;
  /** Where its arguments are, in order. */
  readonly arguments: readonly UsdtArgument[];
}

const NOTE_TYPE = 3;
/** The least size of a note's content: three u64, and the NULs of three strings. */
const LEAST_SIZE = 27;
/** Size limit: OpenJDK's libjvm has the largest section known, 60 KiB. */
const MAX_NOTES = 16 * 2 ** 20;

/**
 * The probes of a file in the order of their first notes.
 *
 * @throws {ErrnoError} when it cannot be read @throws {RangeError} when it is not an ELF file
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
  const section = file.section(".note.stapsdt");
  if (!section) return;
  const base = file.section(".stapsdt.base")?.address;
  for (const { type, content } of notesIn(file.content(section, MAX_NOTES))) {
    if (type !== NOTE_TYPE || content.length < LEAST_SIZE) continue;
    const view = viewOf(content);
    const [address, noted, semaphore] = [word(view, 0), word(view, 8), word(view, 16)];
    // Prelinking has moved the file's addresses since its notes were written.
    const moved = base === undefined ? 0 : base - noted;
    const offset = file.offsetOf(address + moved);
    if (offset === undefined) continue;
    const [provider, name, text] = strings(content.subarray(24));
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

/** Three NUL-terminated strings in a row. */
function strings(bytes: Uint8Array<ArrayBuffer>): string[] {
  let rest = bytes;
  return [0, 1, 2].map(() => {
    const text = bufferText(rest);
    const end = rest.indexOf(0);
    rest = rest.subarray(end < 0 ? rest.length : end + 1);
    return text;
  });
}

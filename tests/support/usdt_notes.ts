/**
 * The USDT notes of a file, as the library and as readelf(1) read them, in one text form for
 * comparison.
 *
 * @module
 */

import { type UsdtProbe, usdtProbes } from "../../mod.ts";
import { run } from "./process.ts";

/** A file's probes; none if it is not an ELF file. */
export function probesIfAny(path: string): UsdtProbe[] {
  try {
    return usdtProbes({ path });
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

const hex = (address = 0) => `0x${address.toString(16).padStart(16, "0")}`;

/** The notes that `readelf -n` prints, in the text form of {@linkcode writtenAsNotes}. */
export async function notesByReadelf(path: string): Promise<string[]> {
  const { stdout } = await run(["readelf", "--notes", "--wide", path]);
  const notes = stdout.matchAll(
    /Provider: (.*)\n\s+Name: (.*)\n\s+Location: (\w+), Base: \w+, Semaphore: (\w+)\n\s+Arguments: ?(.*)/g,
  );
  return [...notes].map(([, provider, name, location, semaphore, args]) =>
    [`${provider}:${name}`, location, semaphore, ...args!.split(/\s+/)].filter(Boolean).join(" ")
  ).sort();
}

/** Each location of the probes, with its arguments written as in the notes. */
export function writtenAsNotes(probes: readonly UsdtProbe[]): string[] {
  return probes.flatMap(({ provider, name, locations }) =>
    locations.map(({ address, semaphore, arguments: args }) => {
      const texts = args.map(({ type, size, signed, operand }) => {
        const float = /^(float|double)$/.test(type);
        return `${signed && !float ? "-" : ""}${size}${float ? "f" : ""}@${operand}`;
      });
      return [`${provider}:${name}`, hex(address), hex(semaphore?.address), ...texts].join(" ");
    })
  ).sort();
}

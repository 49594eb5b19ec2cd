/**
 * The USDT notes of a file, as the library and as readelf(1) read them: in one form, to be compared.
 *
 * @module
 */

import { type UsdtProbe, usdtProbes } from "../../mod.ts";
import { run } from "./process.ts";

/** A file's probes; none of what is no ELF file, such as a script. */
export function probesIfAny(path: string): UsdtProbe[] {
  try {
    return usdtProbes({ path });
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

const hex = (address = 0) => `0x${address.toString(16).padStart(16, "0")}`;

/** What readelf -n prints of the notes, in the form that {@linkcode writtenAsNotes} has. */
export async function notesByReadelf(path: string): Promise<string[]> {
  const { stdout } = await run(["readelf", "--notes", "--wide", path]);
  const notes = stdout.matchAll(
    /Provider: (.*)\n\s+Name: (.*)\n\s+Location: (\w+), Base: \w+, Semaphore: (\w+)\n\s+Arguments: ?(.*)/g,
  );
  return [...notes].map(([, provider, name, location, semaphore, args]) =>
    [`${provider}:${name}`, location, semaphore, ...args!.split(/\s+/)].filter(Boolean).join(" ")
  ).sort();
}

/** Each place, with its arguments written as notes have them. */
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

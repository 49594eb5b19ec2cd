/**
 * The text of `--version`.
 *
 * @module
 */

import { libbpfVersion, LibraryError } from "../../mod.ts";

/** The version of ts-bcc, the same as in deno.json. */
export const VERSION = "0.1.0";

let commit: string | undefined;

/** The commit that this executable was built from; set by compile.sh. */
export function setCommit(name: string): void {
  commit = name;
}

/** The version of ts-bcc, its runtime and its libraries. */
export function versionText(name: string): string {
  const { bun, deno } = process.versions;
  const runtime = bun === undefined ? `Deno ${deno}` : `Bun ${bun}`;
  return [
    name === "ts-bcc" ? `ts-bcc ${VERSION}` : `${name} (ts-bcc) ${VERSION}`,
    ...commit === undefined ? [] : [`commit ${commit}`],
    `${runtime}, ${libbpf()}, ${process.arch}`,
  ].join("\n");
}

function libbpf(): string {
  try {
    return `libbpf ${libbpfVersion()}`;
  } catch (error) {
    if (error instanceof LibraryError) return "no libbpf";
    throw error;
  }
}

/**
 * A root directory for chroot that holds glibc and nothing else.
 *
 * @module
 */

import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { Folder } from "./workload.ts";

/** The directories of this system that are bind-mounted in the new root. */
const MOUNTED = ["proc", "sys", "dev"];

/**
 * Makes the root; `mounts` are shell commands, for a mount namespace of its own, that mount what a tool
 * needs.
 */
export function glibcRoot(): { readonly root: Folder; readonly mounts: string[] } {
  const root = new Folder();
  for (const folder of ["lib/x86_64-linux-gnu", "lib64", "bin", ...MOUNTED]) {
    mkdirSync(`${root.path}/${folder}`, { recursive: true });
  }
  for (const name of ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0"]) {
    copyFileSync(`/lib/x86_64-linux-gnu/${name}`, `${root.path}/lib/x86_64-linux-gnu/${name}`);
  }
  copyFileSync("/lib64/ld-linux-x86-64.so.2", `${root.path}/lib64/ld-linux-x86-64.so.2`);
  chmodSync(`${root.path}/lib64/ld-linux-x86-64.so.2`, 0o755);
  return { root, mounts: MOUNTED.map((name) => `mount --rbind /${name} ${root.path}/${name}`) };
}

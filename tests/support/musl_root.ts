/**
 * A root directory for chroot that holds musl, and nothing of glibc.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { PROJECT } from "./build.ts";
import { Folder } from "./workload.ts";

const MOUNTED = ["proc", "sys", "dev"];
const LOADER = "ld-musl-x86_64.so.1";

/**
 * Makes the root with paths as Alpine has them; `mounts` is as in `glibcRoot()`. Bun's build for musl needs a
 * libstdc++ for musl, which Debian does not have: it is linked from GCC's archive (musl_libstdcxx.c).
 */
export function muslRoot(): { readonly root: Folder; readonly mounts: string[] } {
  const root = new Folder();
  for (const folder of ["lib", "usr/lib", "usr/bin", ...MOUNTED]) {
    mkdirSync(`${root.path}/${folder}`, { recursive: true });
  }
  copyFileSync(`/lib/${LOADER}`, `${root.path}/lib/${LOADER}`);
  symlinkSync(LOADER, `${root.path}/lib/libc.musl-x86_64.so.1`);
  const archive = (name: string) =>
    execFileSync("gcc", [`-print-file-name=${name}`], { encoding: "utf8" }).trim();
  execFileSync("musl-gcc", [
    ...["-w", "-shared", "-fPIC", "-s", "-Wl,-soname,libstdc++.so.6"],
    ...["-o", `${root.path}/usr/lib/libstdc++.so.6`, `${PROJECT}tests/support/musl_libstdcxx.c`],
    ...["-Wl,--whole-archive", archive("libstdc++.a"), "-Wl,--no-whole-archive"],
    archive("libgcc_eh.a"),
  ]);
  return { root, mounts: MOUNTED.map((name) => `mount --rbind /${name} ${root.path}/${name}`) };
}

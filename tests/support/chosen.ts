/**
 * The library and the program of chosen.c, in a folder of their own.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { buildProgram } from "./build.ts";
import { Script } from "./script.ts";
import { Folder } from "./workload.ts";

const SONAME = "libtsbcc-chosen.so";
const LIBRARY = ["-DLIBRARY", "-shared", "-fPIC", `-Wl,-soname,${SONAME}`];

/** Copies of the library and the program that no other process runs. */
export class Chosen implements Disposable {
  readonly folder: string;
  readonly library: string;
  readonly #folder = new Folder();

  constructor() {
    const library = buildProgram("chosen.c", LIBRARY);
    this.folder = this.#folder.path;
    this.library = join(this.folder, SONAME);
    copyFileSync(library, this.library);
    const program = buildProgram("chosen.c", [
      "-fno-builtin",
      "-Wl,-z,lazy",
      "-Wl,--no-as-needed",
      "-Wl,-rpath,$ORIGIN",
      library,
    ]);
    copyFileSync(program, join(this.folder, "chosen"));
  }

  /** Starts the program; `before` is a command that runs it, such as `setpriv …`. */
  start(...before: string[]): Promise<Script> {
    return Script.of([...before, join(this.folder, "chosen")]);
  }

  /** Starts the program in a chroot with the libraries that it needs. */
  startInChroot(): Promise<Script> {
    const root = join(this.folder, "root");
    const program = join(this.folder, "chosen");
    const { stdout } = spawnSync("ldd", [program], { encoding: "utf8" });
    for (const [path] of stdout.matchAll(/\/\S+\.so\S*/g)) {
      if (path === this.library) continue;
      mkdirSync(join(root, dirname(path)), { recursive: true });
      copyFileSync(path, join(root, path));
    }
    for (const file of [program, this.library]) copyFileSync(file, join(root, basename(file)));
    // Without /proc the dynamic linker cannot resolve $ORIGIN there.
    return Script.of(["env", "LD_LIBRARY_PATH=/", "chroot", root, "/chosen"]);
  }

  /** Removes the library's file; with `replaced` another file takes its name. */
  remove(replaced: boolean): void {
    rmSync(this.library);
    if (replaced) copyFileSync(buildProgram("functions.c"), this.library);
  }

  /** The ids of processes that have loaded the library. */
  get loadedBy(): number[] {
    return readdirSync(this.folder).flatMap((name) => {
      const pid = /^loaded-by-(\d+)$/.exec(name)?.[1];
      return pid === undefined ? [] : [Number(pid)];
    });
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

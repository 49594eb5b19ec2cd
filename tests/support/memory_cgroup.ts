/**
 * Runs scripts with a limit on memory.
 *
 * @module
 */

import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { cgroupMount } from "../../mod.ts";
import type { Job, Work } from "./cases.ts";
import { Script } from "./script.ts";

const VERSION_1 = "/sys/fs/cgroup/memory";
let groups = 0;

/**
 * A memory cgroup for one test, in the cgroup version that has the memory controller on this
 * machine.
 */
class MemoryCgroup implements Disposable {
  readonly path: string;

  constructor(limitBytes: number) {
    const name = `tsbcc-test-memory-${process.pid}-${groups++}`;
    const isFirst = existsSync(`${VERSION_1}/memory.limit_in_bytes`);
    const root = isFirst ? VERSION_1 : cgroupMount();
    if (root === undefined) throw new Error("Cannot limit memory: no cgroups are mounted");
    if (!isFirst) writeFileSync(`${root}/cgroup.subtree_control`, "+memory");
    this.path = `${root}/${name}`;
    mkdirSync(this.path);
    writeFileSync(`${this.path}/memory.${isFirst ? "limit_in_bytes" : "max"}`, String(limitBytes));
  }

  [Symbol.dispose](): void {
    rmdirSync(this.path);
  }
}

/**
 * A script in a memory cgroup with this limit, with all processes that it starts. Its commands may
 * fail.
 */
export const inMemoryCgroup = (limitBytes: number, text: string): Work => ({
  async start(dir: string): Promise<Job> {
    const cgroup = new MemoryCgroup(limitBytes);
    let script: Script;
    try {
      const enter = `echo $$ >${cgroup.path}/cgroup.procs`;
      script = await Script.start(`${enter}; ${text.replaceAll("{dir}", dir)}`);
    } catch (error) {
      cgroup[Symbol.dispose]();
      throw error;
    }
    return {
      pid: script.pid,
      go: () => script.go(),
      async [Symbol.asyncDispose]() {
        await script[Symbol.asyncDispose]();
        cgroup[Symbol.dispose]();
      },
    };
  },
});

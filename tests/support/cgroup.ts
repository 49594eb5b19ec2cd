/**
 * A cgroup of a test's own.
 *
 * @module
 */

import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { Running } from "./process.ts";

/** A cgroup of version 2; it has to be empty at the end. */
export class TestCgroup implements Disposable {
  readonly path: string;

  constructor(name: string) {
    const mounts = readFileSync("/proc/self/mounts", "utf8");
    const root = /^\S+ (\S+) cgroup2 /m.exec(mounts)?.[1];
    if (root === undefined) throw new Error("Cannot make a cgroup: version 2 is not mounted");
    this.path = `${root}/tsbcc-test-${process.pid}-${name}`;
    mkdirSync(this.path);
  }

  /** Starts a bash script in it. */
  start(script: string): Running {
    return Running.start(["bash", "-c", `echo $$ >${this.path}/cgroup.procs; ${script}`]);
  }

  [Symbol.dispose](): void {
    rmdirSync(this.path);
  }
}

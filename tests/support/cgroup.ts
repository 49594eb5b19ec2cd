/**
 * A cgroup of a test's own.
 *
 * @module
 */

import { mkdirSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { cgroupMount } from "../../mod.ts";
import { Running } from "./process.ts";

/** A cgroup of version 2; it has to be empty at the end. */
export class TestCgroup implements Disposable {
  readonly path: string;

  /** @param parent the one to make it in; default the hierarchy's root */
  constructor(name: string, parent?: TestCgroup) {
    const root = cgroupMount();
    if (root === undefined) throw new Error("Cannot make a cgroup: version 2 is not mounted");
    this.path = parent ? `${parent.path}/${name}` : `${root}/tsbcc-test-${process.pid}-${name}`;
    mkdirSync(this.path);
  }

  /** What programs know it by. */
  get id(): number {
    return statSync(this.path).ino;
  }

  /** Moves a process into it. */
  add(pid: number): void {
    writeFileSync(`${this.path}/cgroup.procs`, String(pid));
  }

  /** Starts a bash script in it. */
  start(script: string): Running {
    return Running.start(["bash", "-c", `echo $$ >${this.path}/cgroup.procs; ${script}`]);
  }

  [Symbol.dispose](): void {
    rmdirSync(this.path);
  }
}

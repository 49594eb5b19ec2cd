/**
 * A cgroup of a test's own.
 *
 * @module
 */

import { mkdirSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { cgroupMount } from "../../mod.ts";
import { Running } from "./process.ts";

/** A cgroup v2 directory, removed at disposal: no process may be in it then. */
export class TestCgroup implements Disposable {
  readonly path: string;

  /** @param parent the cgroup to make it in; default: the root of the hierarchy */
  constructor(name: string, parent?: TestCgroup) {
    const root = cgroupMount();
    if (root === undefined) throw new Error("Cannot make a cgroup: version 2 is not mounted");
    this.path = parent ? `${parent.path}/${name}` : `${root}/tsbcc-test-${process.pid}-${name}`;
    mkdirSync(this.path);
  }

  /** The id that bpf_get_current_cgroup_id() returns: the directory's inode number. */
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

/**
 * An NFS mount for one test, served by the same kernel.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { Folder } from "./workload.ts";

const NFSD = "/proc/fs/nfsd";
/** Default of /proc/fs/nfsd/nfsv4recoverydir: the directory where the server keeps its clients. */
const CLIENTS = "/var/lib/nfs/v4recovery";
const FOREVER = 2147483647;
/** include/uapi/linux/nfsd/export.h: INSECURE_PORT, ASYNC, NOSUBTREECHECK, FSID. */
const EXPORT_FLAGS = 0x4 | 0x10 | 0x400 | 0x2000;

/**
 * A tmpfs that is exported to 127.0.0.1 and mounted by NFS 4, unmounted at disposal. It needs none of the
 * server's daemons: their answers are written to the kernel's caches beforehand. A kernel has only one NFS
 * server, so this is for guests.
 */
export class NfsMount implements Disposable {
  readonly path: string;
  readonly #served: string;
  readonly #folder = new Folder();

  constructor() {
    this.path = `${this.#folder.path}/mount`;
    this.#served = `${this.#folder.path}/served`;
    try {
      mkdirSync(this.path);
      mkdirSync(this.#served);
      // In a guest the kernel finds no modprobe of its own.
      for (const module of ["nfsd", "nfs", "nfsv4"]) run("modprobe", module);
      run("ip", "link", "set", "lo", "up");
      run("mount", "-t", "tmpfs", "-o", "size=16m", "ts-bcc-test", this.#served);
      if (!existsSync(`${NFSD}/threads`)) run("mount", "-t", "nfsd", "nfsd", NFSD);
      this.#serve();
      const options = "vers=4.2,addr=127.0.0.1,clientaddr=127.0.0.1,noatime";
      run("mount", "-i", "-t", "nfs4", "-o", options, "127.0.0.1:/", this.path);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  #serve(): void {
    const tell = (cache: string, line: string) =>
      writeFileSync(`/proc/net/rpc/${cache}/channel`, `${line}\n`);
    // NFS 2 and 3 need lockd, which would register with a port mapper (rpcbind).
    writeFileSync(`${NFSD}/versions`, "-2 -3 +4 +4.1 +4.2\n");
    // With this directory the server needs no daemon to track clients; where it cannot use it, clients
    // wait for the grace period, which is set to its minimum.
    mkdirSync(CLIENTS, { recursive: true });
    for (const time of ["gracetime", "leasetime"]) writeFileSync(`${NFSD}/nfsv4${time}`, "10\n");
    writeFileSync(`${NFSD}/portlist`, "tcp 2049\n");
    writeFileSync(`${NFSD}/threads`, "2\n");
    endGrace();
    tell("auth.unix.ip", `nfsd 127.0.0.1 ${FOREVER} test`);
    tell("nfsd.export", `test ${this.#served} ${FOREVER} ${EXPORT_FLAGS} -2 -2 0`);
    tell("nfsd.fh", `test 1 \\x00000000 ${FOREVER} ${this.#served}`); // FSID_NUM: the root of the export
  }

  [Symbol.dispose](): void {
    try {
      if (isMounted(this.path)) run("umount", this.path);
      if (existsSync(`${NFSD}/threads`)) writeFileSync(`${NFSD}/threads`, "0\n");
      for (const cache of ["nfsd.fh", "nfsd.export", "auth.unix.ip"]) {
        const flush = `/proc/net/rpc/${cache}/flush`;
        if (existsSync(flush)) writeFileSync(flush, `${FOREVER}\n`);
      }
      // The kernel's server releases the exported file system with a delay.
      if (isMounted(this.#served)) run("umount", "--lazy", this.#served);
    } finally {
      this.#folder[Symbol.dispose]();
    }
  }
}

/** Ends the grace period, so that files can be opened: there is no earlier client state to reclaim. */
function endGrace(): void {
  try {
    writeFileSync(`${NFSD}/v4_end_grace`, "Y\n");
  } catch (error) {
    // The server does not track clients, or the grace period is over: clients then wait by themselves.
    if ((error as { code?: string }).code !== "EBUSY") throw error;
  }
}

function isMounted(path: string): boolean {
  try {
    execFileSync("mountpoint", ["-q", path]);
    return true;
  } catch {
    return false;
  }
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });
}

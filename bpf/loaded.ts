/**
 * Everything loaded in the kernel, by any process: what `bpftool prog`, `map`, `link` and `btf`
 * list.
 *
 * @module
 */

import { Errno } from "../ffi/libc/errno.ts";
import { enableStats, nextId, type ObjectKind, openId } from "../ffi/libc/bpf_objects.ts";
import { close } from "../ffi/libc/files.ts";
import { BpfError, permissionReason } from "./base/errors.ts";
import { type BtfInfo, btfInfo } from "./btf/btf_bytes.ts";
import { type LinkInfo, linkInfo } from "./base/link_info.ts";
import { type MapDetails, mapDetails } from "./maps/map_details.ts";
import { type ProgramInfo, programInfo } from "./program_info.ts";

/**
 * All programs in ascending order of their ids. Needs Linux >= 4.13 and CAP_SYS_ADMIN. @throws
 * {BpfError}
 */
export function loadedPrograms(): ProgramInfo[] {
  return all("program", (id, fd) => programInfo(String(id), fd));
}

/**
 * All maps in ascending order of their ids. Needs Linux >= 4.13 and CAP_SYS_ADMIN. @throws
 * {BpfError}
 */
export function loadedMaps(): MapDetails[] {
  return all("map", (id, fd) => mapDetails(String(id), fd));
}

/**
 * All links in ascending order of their ids. Needs Linux >= 5.8 and CAP_SYS_ADMIN. @throws
 * {BpfError}
 */
export function loadedLinks(): LinkInfo[] {
  return all("link", (id, fd) => linkInfo(`link ${id}`, fd));
}

/**
 * All BTF objects: the kernel's, its modules' and those of programs and maps, in ascending order of
 * their ids. {@linkcode Btf.ofId} reads one. Needs Linux >= 5.0 and CAP_SYS_ADMIN. @throws
 * {BpfError}
 */
export function loadedBtf(): BtfInfo[] {
  return all("btf", btfInfo);
}

/**
 * Makes the kernel measure how often and how long programs run, on the whole machine, until this is
 * closed; {@linkcode ProgramInfo} has the results. It costs some tens of nanoseconds per run. Needs
 * Linux >= 5.8. @throws {BpfError}
 *
 * @example How much of a CPU programs take
 * ```ts
 * import { enableStatistics, loadedPrograms } from "../mod.ts";
 *
 * export async function main() {
 *   using _statistics = enableStatistics();
 *   await new Promise((done) => setTimeout(done, 1000));
 *   for (const { name, runTimeNs } of loadedPrograms()) console.log(name, runTimeNs / 1e7, "%");
 * }
 * ```
 */
export function enableStatistics(): Disposable {
  let fd = enableStats();
  if (fd < 0) {
    throw new BpfError("measure", "measure programs", -fd, explain(-fd));
  }
  return {
    [Symbol.dispose]() {
      if (fd >= 0) close(fd);
      fd = -1;
    },
  };
}

const NAMES = { program: "programs", map: "maps", link: "links", btf: "BTF" } as const;

function all<T>(kind: ObjectKind | "btf", tell: (id: number, fd: number) => T): T[] {
  const found: T[] = [];
  for (let id = nextId(kind, 0); id !== -Errno.ENOENT; id = nextId(kind, id)) {
    if (id < 0) {
      throw new BpfError("list", `list the ${NAMES[kind]} in the kernel`, -id, explain(-id));
    }
    const fd = openId(kind, id);
    // It has been unloaded since its id was read, or this process may not open it.
    if (fd < 0) continue;
    try {
      found.push(tell(id, fd));
    } finally {
      close(fd);
    }
  }
  return found;
}

function explain(errno: number): string | undefined {
  if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
  return errno === Errno.EINVAL ? "this kernel is too old" : undefined;
}

/**
 * Control groups of the v2 hierarchy: by path, and by the ids that BPF programs see.
 *
 * @module
 */

import { struct, u32, u64 } from "../../ffi/codec/mod.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import {
  close,
  exists,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  open,
  readLink,
  readText,
} from "../../ffi/libc/files.ts";
import { libc } from "../../ffi/libc/libc.ts";
import { alloc, cString } from "../../ffi/libc/memory.ts";
import { BpfError } from "../base/errors.ts";

/** CGROUP2_SUPER_MAGIC of include/uapi/linux/magic.h. */
const MAGIC = 0x63677270n;
/** struct statfs of asm-generic: f_type is its first member; its size is 120 bytes. */
const STATFS_SIZE = 120;

/** struct file_handle of name_to_handle_at(2), which for kernfs contains the cgroup id. */
const Handle = struct("file_handle", { handle_bytes: u32, handle_type: u32, id: u64 });
const ID_BYTES = 8;
const FILEID_KERNFS = 0xfe; // include/linux/exportfs.h
const AT_EMPTY_PATH = 0x1000;

/** Where the v2 hierarchy is mounted; undefined if it is not. */
export function cgroupMount(): string | undefined {
  return /^\S+ (\S+) cgroup2 /m.exec(readText("/proc/self/mounts"))?.[1];
}

/** An open cgroup; closing it is idempotent. */
export interface OpenCgroup extends Disposable {
  /** The descriptor of the cgroup's folder. */
  readonly fd: number;
  /** Its id for BPF programs (`bpf_get_current_cgroup_id`). Needs Linux >= 5.5. */
  readonly id: bigint;
  /** Closes the descriptor. */
  close(): void;
}

/**
 * Opens the folder of a v2 cgroup, for a cgroup array or `attachCgroup`; the caller closes it.
 *
 * @param path a path, or one relative to the hierarchy's root as in /proc/PID/cgroup
 * @throws {BpfError} EBADF when it is something else
 */
export function openCgroup(path: string): OpenCgroup {
  const below = (cgroupMount() ?? "") + "/" + path.replace(/^\/+/, "");
  const fd = openFolder(exists(path) ? path : below, path);
  const found = alloc(STATFS_SIZE);
  const type = libc().fstatfs(fd, found) === 0 ? new BigUint64Array(found.buffer)[0] : undefined;
  let open = true;
  const release = () => {
    if (open) close(fd);
    open = false;
  };
  const id = type === MAGIC ? idOf(fd) : undefined;
  if (id !== undefined) return { fd, id, close: release, [Symbol.dispose]: release };
  release();
  const mount = cgroupMount();
  throw new BpfError(
    "open",
    `use "${path}" as a cgroup`,
    Errno.EBADF,
    "it does not lie in the v2 hierarchy, which is " +
      (mount === undefined ? "not mounted" : `mounted at ${mount}`),
  );
}

function openFolder(path: string, asked: string): number {
  try {
    // A FIFO would wait for a writer, and is refused afterwards.
    return open(path, O_RDONLY | O_NONBLOCK);
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    throw new BpfError("open", `use "${asked}" as a cgroup`, error.errno);
  }
}

/** The id of an open cgroup. */
function idOf(fd: number): bigint | undefined {
  const handle = handleOf(0n);
  const failed = libc().name_to_handle_at(fd, cString(""), handle, alloc(4), AT_EMPTY_PATH);
  return failed ? undefined : Handle.read(new DataView(handle.buffer), 0).id;
}

function handleOf(id: bigint): Uint8Array<ArrayBuffer> {
  const handle = alloc(Handle.size);
  Handle.write(new DataView(handle.buffer), 0, {
    handle_bytes: ID_BYTES,
    handle_type: FILEID_KERNFS,
    id,
  });
  return handle;
}

/**
 * The path, relative to the hierarchy's root, of the cgroup with that id
 * (`bpf_get_current_cgroup_id`); undefined when it no longer exists. Needs Linux >= 5.5 and
 * CAP_DAC_READ_SEARCH.
 */
export function cgroupPath(id: number | bigint): string | undefined {
  const mount = cgroupMount();
  if (mount === undefined) return undefined;
  const root = open(mount, O_RDONLY);
  const fd = libc().open_by_handle_at(root, handleOf(BigInt(id)), O_PATH);
  close(root);
  if (fd < 0) return undefined;
  try {
    return readLink(`/proc/self/fd/${fd}`).slice(mount.length) || "/";
  } finally {
    close(fd);
  }
}

/** Container ids in the cgroup names of Docker, containerd, CRI-O and Podman. */
const CONTAINER_ID = /(?:^|[-:])([0-9a-f]{64})(?:\.scope)?$/;
/**
 * Cgroup names of pods: `pod` and the uid. Kubelet's systemd driver writes `_` for `-`; the uid of
 * a static pod is a hash without dashes. Podman's pods have ids like containers.
 */
const POD_UID =
  /(?:^|-)pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?::|$)/;
const PODMAN_POD = /(?:^|-)libpod_pod_([0-9a-f]{64})(?:\.slice)?$/;
const SHORT_ID = 12;

/** The container that a cgroup path belongs to, as the 12 digits that container tools show. */
export function containerOf(path: string): string | undefined {
  // The innermost one: containers can be nested.
  const ids = path.split("/").map((part) => CONTAINER_ID.exec(part)?.[1]);
  return ids.findLast((id) => id !== undefined)?.slice(0, SHORT_ID);
}

/**
 * The pod that a cgroup path belongs to: the uid in Kubernetes (`metadata.uid`), which is a hash
 * for a static pod, or the 12 digits that Podman shows.
 */
export function podOf(path: string): string | undefined {
  const ids = path.split("/").map((part) =>
    POD_UID.exec(part)?.[1]?.replaceAll("_", "-") ?? PODMAN_POD.exec(part)?.[1]?.slice(0, SHORT_ID)
  );
  return ids.findLast((id) => id !== undefined);
}

/**
 * The path in /proc/PID/cgroup that names both pod and container, or else one of them: with v1
 * hierarchies the v2 path may name neither. Undefined if no path does.
 */
export function containerPath(cgroups: string): string | undefined {
  const paths = cgroups.split("\n").map((line) => /^\d+:[^:]*:(\/.*)$/.exec(line)?.[1] ?? "");
  const known = (path: string) =>
    Number(podOf(path) !== undefined) + Number(containerOf(path) !== undefined);
  const best = paths.toSorted((a, b) => known(b) - known(a))[0]!;
  return known(best) > 0 ? best : undefined;
}

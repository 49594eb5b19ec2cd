/**
 * Types of file systems, and which programs of operations.h trace their operations.
 *
 * @module
 */

import { UnsupportedError } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";
import { READS, WRITES } from "./file_sums.ts";
import { syscallPrograms } from "../run/choose_hooks.ts";
import { text, UsageError } from "../options/options.ts";

/** A type of file system, or several that users see as one. */
export interface FileSystem {
  /** The name that users know. */
  readonly title: string;
  /** Its types in /proc/filesystems. */
  readonly types: readonly string[];
  /** The kernel function that returns attributes of its files, where operations.h traces one. */
  readonly attributes?: string;
}

const FILE_SYSTEMS: Readonly<Record<string, FileSystem>> = {
  // The ext4 driver also mounts the other two.
  ext4: { title: "ext4", types: ["ext4", "ext3", "ext2"], attributes: "ext4_file_getattr" },
  btrfs: { title: "btrfs", types: ["btrfs"] },
  xfs: { title: "XFS", types: ["xfs"] },
  f2fs: { title: "f2fs", types: ["f2fs"], attributes: "f2fs_getattr" },
  nfs: { title: "NFS", types: ["nfs", "nfs4"], attributes: "nfs_getattr" },
  zfs: { title: "ZFS", types: ["zfs"] },
  fuse: { title: "fuse", types: ["fuse", "fuseblk"] },
};
const ATTRIBUTES = ["ext4_file_getattr", "f2fs_getattr", "nfs_getattr"];
const TYPE_MAX = 15; // two words of operations.h, with a NUL
const TYPES_MAX = 3;

/** The file system of that name; any type that the kernel knows is accepted. */
export function fileSystem(name: string): FileSystem {
  return FILE_SYSTEMS[name] ?? { title: name, types: [name] };
}

/** `-t`, for tools that trace any file system. */
export const typeOption = text({
  short: "t",
  long: "type",
  meta: "FILESYSTEM",
  help: "which file system to trace, by its type: ext4, btrfs, xfs, nfs, tmpfs …",
});

/** The file system selected by `-t`. @throws {UsageError} */
export function fileSystemOf(type: string | undefined): FileSystem {
  if (!type) throw new UsageError("say which file system: -t/--type is needed");
  return fileSystem(type);
}

/** Operations by their numbers in operations.h. */
export const OPERATIONS: readonly string[] = ["read", "write", "open", "fsync", "getattr"];

const ON_FILES = [...READS, ...WRITES, "fsync", "fdatasync"];
const OPENINGS = ["open", "creat", "openat", "openat2"];

/** The load options that select a file system's operations. @throws {UnsupportedError} */
export function operations(
  { title, types, attributes }: FileSystem,
  machine: Machine,
): { globals: { fs_types: bigint[] }; programs: Record<string, boolean> } {
  const fs_types = words(types);
  if (!types.some((type) => machine.hasFileSystem(type))) {
    throw new UnsupportedError(
      `trace ${title} operations`,
      title,
      `the kernel has no ${types[0]} at present: mount one first, or load its module`,
    );
  }
  const getattr = attributes !== undefined &&
    machine.hasHook(`kprobe:${attributes}`).answer !== "no";
  return {
    globals: { fs_types },
    programs: {
      ...syscallPrograms([...ON_FILES, ...OPENINGS], machine),
      ...Object.fromEntries(ATTRIBUTES.flatMap((name) => {
        const on = getattr && name === attributes;
        return [[`enter_${name}`, on], [`exit_${name}`, on]];
      })),
    },
  };
}

/**
 * Type names in the layout that operations.h compares. @throws {UsageError} when one is too long
 */
export function words(types: readonly string[]): bigint[] {
  const bytes = new Uint8Array(TYPES_MAX * (TYPE_MAX + 1));
  for (const [i, type] of types.entries()) {
    const name = new TextEncoder().encode(type);
    if (name.length > TYPE_MAX) {
      throw new UsageError(`no type of file system is longer than ${TYPE_MAX} bytes`);
    }
    bytes.set(name, i * (TYPE_MAX + 1));
  }
  return [...new BigUint64Array(bytes.buffer)];
}

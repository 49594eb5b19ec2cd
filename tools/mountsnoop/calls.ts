/**
 * Formats the system calls of the mount family as strace does.
 *
 * @module
 */

import { clippedPath } from "../../toolkit/fs/path_text.ts";
import { type FlagTable, flagText } from "../../toolkit/output/flag_names.ts";

// include/uapi/linux/mount.h and fcntl.h
const MOUNT_FLAGS: FlagTable = [
  ["MS_RDONLY", 1],
  ["MS_NOSUID", 2],
  ["MS_NODEV", 4],
  ["MS_NOEXEC", 8],
  ["MS_SYNCHRONOUS", 16],
  ["MS_REMOUNT", 32],
  ["MS_MANDLOCK", 64],
  ["MS_DIRSYNC", 128],
  ["MS_NOSYMFOLLOW", 256],
  ["MS_NOATIME", 1024],
  ["MS_NODIRATIME", 2048],
  ["MS_BIND", 4096],
  ["MS_MOVE", 8192],
  ["MS_REC", 16384],
  ["MS_SILENT", 32768],
  ["MS_POSIXACL", 2 ** 16],
  ["MS_UNBINDABLE", 2 ** 17],
  ["MS_PRIVATE", 2 ** 18],
  ["MS_SLAVE", 2 ** 19],
  ["MS_SHARED", 2 ** 20],
  ["MS_RELATIME", 2 ** 21],
  ["MS_KERNMOUNT", 2 ** 22],
  ["MS_I_VERSION", 2 ** 23],
  ["MS_STRICTATIME", 2 ** 24],
  ["MS_LAZYTIME", 2 ** 25],
  ["MS_ACTIVE", 2 ** 30],
  ["MS_NOUSER", 2 ** 31],
];
const MAGIC = 0xc0ed0000n; // MS_MGC_VAL, which Linux 2.4 required
const MAGIC_MASK = 0xffff0000n;
const UMOUNT_FLAGS: FlagTable = [
  ["MNT_FORCE", 1],
  ["MNT_DETACH", 2],
  ["MNT_EXPIRE", 4],
  ["UMOUNT_NOFOLLOW", 8],
];
const FSOPEN_FLAGS: FlagTable = [["FSOPEN_CLOEXEC", 1]];
const FSMOUNT_FLAGS: FlagTable = [["FSMOUNT_CLOEXEC", 1]];
const ATTRIBUTES: FlagTable = [
  ["MOUNT_ATTR_RDONLY", 1],
  ["MOUNT_ATTR_NOSUID", 2],
  ["MOUNT_ATTR_NODEV", 4],
  ["MOUNT_ATTR_NOEXEC", 8],
  ["MOUNT_ATTR_NOATIME", 0x10],
  ["MOUNT_ATTR_STRICTATIME", 0x20],
  ["MOUNT_ATTR_NODIRATIME", 0x80],
  ["MOUNT_ATTR_IDMAP", 0x100000],
  ["MOUNT_ATTR_NOSYMFOLLOW", 0x200000],
];
const FSPICK_FLAGS: FlagTable = [
  ["FSPICK_CLOEXEC", 1],
  ["FSPICK_SYMLINK_NOFOLLOW", 2],
  ["FSPICK_NO_AUTOMOUNT", 4],
  ["FSPICK_EMPTY_PATH", 8],
];
const MOVE_FLAGS: FlagTable = [
  ["MOVE_MOUNT_F_SYMLINKS", 1],
  ["MOVE_MOUNT_F_AUTOMOUNTS", 2],
  ["MOVE_MOUNT_F_EMPTY_PATH", 4],
  ["MOVE_MOUNT_T_SYMLINKS", 0x10],
  ["MOVE_MOUNT_T_AUTOMOUNTS", 0x20],
  ["MOVE_MOUNT_T_EMPTY_PATH", 0x40],
  ["MOVE_MOUNT_SET_GROUP", 0x100],
  ["MOVE_MOUNT_BENEATH", 0x200],
];
const TREE_FLAGS: FlagTable = [
  ["OPEN_TREE_CLONE", 1],
  ["AT_SYMLINK_NOFOLLOW", 0x100],
  ["AT_NO_AUTOMOUNT", 0x800],
  ["AT_EMPTY_PATH", 0x1000],
  ["AT_RECURSIVE", 0x8000],
  ["OPEN_TREE_CLOEXEC", 0o2000000],
];
const COMMANDS = [
  "FSCONFIG_SET_FLAG",
  "FSCONFIG_SET_STRING",
  "FSCONFIG_SET_BINARY",
  "FSCONFIG_SET_PATH",
  "FSCONFIG_SET_PATH_EMPTY",
  "FSCONFIG_SET_FD",
  "FSCONFIG_CMD_CREATE",
  "FSCONFIG_CMD_RECONFIGURE",
  "FSCONFIG_CMD_CREATE_EXCL",
];
const AT_FDCWD = -100;

const int = (number: bigint) => Number(BigInt.asIntN(32, number));
const folder = (number: bigint) => int(number) === AT_FDCWD ? "AT_FDCWD" : String(int(number));
const flags = (number: bigint, table: FlagTable) => flagText(BigInt.asUintN(32, number), table);
const quoted = (text: string) => `"${clippedPath(text).replaceAll(/["\\]/g, "\\$&")}"`;

function mountFlags(number: bigint): string {
  const value = BigInt.asUintN(32, number);
  if ((value & MAGIC_MASK) !== MAGIC) return flagText(value, MOUNT_FLAGS);
  return `MS_MGC_VAL|${flagText(value & ~MAGIC_MASK, MOUNT_FLAGS)}`;
}

/** Formats the arguments of a system call: numbers, texts, file system type (mountsnoop.bpf.c). */
type Write = (
  numbers: readonly [bigint, bigint, bigint],
  texts: readonly [string, string, string],
  type: string,
) => readonly string[];

/** Indexed by the numbers of mountsnoop.bpf.c. */
const CALLS: readonly (readonly [name: string, write: Write])[] = [
  ["mount", ([flags], [source, target, data], type) => [
    quoted(source),
    quoted(target),
    quoted(type),
    mountFlags(flags),
    quoted(data),
  ]],
  ["umount", ([bits], [target]) => [quoted(target), flags(bits, UMOUNT_FLAGS)]],
  ["fsopen", ([bits], [name]) => [quoted(name), flags(bits, FSOPEN_FLAGS)]],
  ["fsconfig", ([fd, command, more], [key, value]) => [
    String(int(fd)),
    COMMANDS[int(command)] ?? String(int(command)),
    quoted(key),
    quoted(value),
    String(int(more)),
  ]],
  ["fsmount", ([fd, bits, attributes]) => [
    String(int(fd)),
    flags(bits, FSMOUNT_FLAGS),
    flags(attributes, ATTRIBUTES),
  ]],
  ["fspick", ([fd, bits], [path]) => [folder(fd), quoted(path), flags(bits, FSPICK_FLAGS)]],
  ["move_mount", ([from, to, bits], [source, target]) => [
    folder(from),
    quoted(source),
    folder(to),
    quoted(target),
    flags(bits, MOVE_FLAGS),
  ]],
  ["open_tree", ([fd, bits], [path]) => [folder(fd), quoted(path), flags(bits, TREE_FLAGS)]],
  ["mount_setattr", ([fd, bits], [path]) => [folder(fd), quoted(path), flags(bits, TREE_FLAGS)]],
  ["pivot_root", (_, [root, old]) => [quoted(root), quoted(old)]],
];

/** The names of the system calls, which are part of their tracepoints' names. */
export const CALL_NAMES: readonly string[] = CALLS.map(([name]) => name);

/** The call as text: `umount("/mnt", MNT_DETACH)`. */
export function callText(
  call: number,
  numbers: readonly bigint[],
  texts: readonly string[],
  type: string,
): string {
  const [name, write] = CALLS[call]!;
  const [first = 0n, second = 0n, third = 0n] = numbers;
  const [one = "", two = "", three = ""] = texts;
  return `${name}(${write([first, second, third], [one, two, three], type).join(", ")})`;
}

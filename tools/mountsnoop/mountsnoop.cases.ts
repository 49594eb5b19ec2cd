import { defineCases, times } from "../../tests/support/cases.ts";

const work = { program: "mount_calls.c", args: ["old={dir}:7", "new={dir}:3", "missing={dir}:13"] };

/** Descriptors start at 3: the program has only 0 to 2 open. */
const NEW = [
  'fsopen("tmpfs", FSOPEN_CLOEXEC) = 3',
  'fsconfig(3, FSCONFIG_SET_STRING, "size", "1m", 0) = 0',
  'fsconfig(3, FSCONFIG_CMD_CREATE, "", "", 0) = 0',
  "fsmount(3, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV) = 4",
  'move_mount(4, "", AT_FDCWD, "{dir}", MOVE_MOUNT_F_EMPTY_PATH) = 0',
  'open_tree(AT_FDCWD, "{dir}", 0x0) = 5',
  'fspick(4, "", FSPICK_EMPTY_PATH) = 6',
  'mount_setattr(AT_FDCWD, "{dir}", 0x0) = 0',
  'umount("{dir}", MNT_DETACH) = 0',
];
const MOUNT = 'mount("ts-bcc", "{dir}", "tmpfs", MS_NOSUID|MS_NODEV, "size=1m") = 0';

export default defineCases({
  cases: [
    {
      name: "shows the calls of the old and the new API with what they say, in order",
      canary: true,
      requires: ["mountAttributes"],
      work,
      rows: [
        ...Array.from({ length: 7 }, () => [
          { comm: "mount_calls", syscall: "mount", ret: 0, call: MOUNT },
          {
            comm: "mount_calls",
            syscall: "umount",
            ret: 0,
            call: 'umount("{dir}", UMOUNT_NOFOLLOW) = 0',
          },
        ]).flat(),
        ...Array.from({ length: 3 }, () =>
          NEW.map((call) => ({
            comm: "mount_calls",
            syscall: call.slice(0, call.indexOf("(")),
            ret: Number(call.slice(call.lastIndexOf(" ") + 1)),
            call,
          }))).flat(),
        ...times(13, {
          comm: "mount_calls",
          syscall: "umount",
          ret: -22,
          call: 'umount("{dir}", 0x0) = -EINVAL',
        }),
      ],
    },
    {
      name: "prints bcc's table, and with -P the parent",
      args: ["-P", "-p", "{pid}"],
      work,
      lines: [
        /^COMM {13}PID {5}TID {5}PCOMM {12}PPID {4}MNT_NS {6}CALL$/,
        /^mount_calls {6}{pid} +{pid} +\S+ +\d+ +\d+ +umount\("{dir}", 0x0\) = -EINVAL$/,
      ],
    },
  ],
  filters: { work, expect: 54 },
});

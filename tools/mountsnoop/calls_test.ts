import assert from "node:assert/strict";
import { test } from "node:test";
import { CALL_NAMES, callText } from "./calls.ts";

test("callText() writes calls as strace does", () => {
  const cases: [string, bigint[], string[], string, string][] = [
    [
      "mount",
      [0x1003n],
      ["/a", "/b", ""],
      "none",
      'mount("/a", "/b", "none", MS_RDONLY|MS_NOSUID|MS_BIND, "")',
    ],
    ["mount", [0xc0ed0000n], ["", "/", ""], "", 'mount("", "/", "", MS_MGC_VAL|0x0, "")'],
    ["umount", [2n], ['/a"b\\'], "", 'umount("/a\\"b\\\\", MNT_DETACH)'],
    ["fsconfig", [3n, 6n, 0n], [], "", 'fsconfig(3, FSCONFIG_CMD_CREATE, "", "", 0)'],
    ["fsconfig", [3n, 99n, 0n], ["k"], "", 'fsconfig(3, 99, "k", "", 0)'],
    [
      "move_mount",
      [4n, 0xffffff9cn, 4n],
      ["", "/mnt"],
      "",
      'move_mount(4, "", AT_FDCWD, "/mnt", MOVE_MOUNT_F_EMPTY_PATH)',
    ],
  ];
  for (const [name, numbers, texts, type, expected] of cases) {
    assert.equal(callText(CALL_NAMES.indexOf(name), numbers, texts, type), expected);
  }
});

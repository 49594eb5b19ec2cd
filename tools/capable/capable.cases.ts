import assert from "node:assert/strict";
import { defineCases, times } from "../../tests/support/cases.ts";

// One process calls chroot(2), which needs CAP_SYS_CHROOT, and chown(2) to another user, which
// needs CAP_CHOWN.
const work = {
  script: `exec /usr/bin/python3 -c "
import os
for i in range(41): os.chroot('/')
for i in range(13): os.chown('{dir}', 4711, 4711)"`,
};
const chroots = ({ pid, cap }: { pid?: unknown; cap?: unknown }, context: { pid: number }) =>
  pid === context.pid && cap === 18;
const refused = {
  script: `exec setpriv --reuid 65534 --clear-groups /usr/bin/python3 -c "
import os
for i in range(7):
  try: os.chroot('/')
  except PermissionError: pass"`,
};

export default defineCases({
  usage: {
    names:
      "-v --verbose -p --pid -K --kernel-stack -U --user-stack -x --extra --cgroupmap --mntnsmap --unique -h --json",
  },
  cases: [
    {
      name: "shows 41 checks for chroot() and those for chown()",
      canary: true,
      work,
      of: (row, context) => row.pid === context.pid && (row.cap === 18 || row.cap === 0),
      check(rows) {
        const names = rows.map(({ name }) => name);
        const count = (wanted: string): number => names.filter((name) => name === wanted).length;
        assert.equal(count("CAP_SYS_CHROOT"), 41);
        assert.ok(count("CAP_CHOWN") >= 12, `${count("CAP_CHOWN")} for chown()`);
        for (const { uid, granted } of rows) {
          assert.equal(uid, 0);
          assert.ok(granted === true || granted === null);
        }
      },
    },
    {
      name: "tells who is refused",
      work: refused,
      of: chroots,
      rows: times(7, { uid: 65534, cap: 18, name: "CAP_SYS_CHROOT", granted: false }),
    },
    {
      name: "--unique shows each once",
      args: ["--unique"],
      work,
      of: chroots,
      rows: [{ name: "CAP_SYS_CHROOT" }],
    },
    {
      name: "-K shows the kernel's stack",
      args: ["-K", "--unique"],
      work,
      of: chroots,
      check(rows) {
        assert.equal(rows.length, 1);
        assert.match(String(rows[0]!.kernel), /ns_capable.*chroot.*do_syscall_64/);
      },
    },
    {
      name: "-U shows the process's stack",
      args: ["-U", "--unique"],
      work,
      of: chroots,
      check(rows) {
        assert.equal(rows.length, 1);
        assert.match(String(rows[0]!.user), /^chroot\b/);
      },
    },
    { name: "-p hides other processes", args: ["-p", "1"], work, of: chroots, rows: [] },
    {
      name: "prints bcc's table",
      args: ["-x", "-p", "{pid}"],
      work,
      lines: [
        /^TIME {6}UID {4}PID {4}TID {4}COMM {13}CAP {2}NAME {17}AUDIT {2}INSETID$/,
        /^\d\d:\d\d:\d\d {2}0 {6}{pid} +{pid} +python3\S* +18 {3}CAP_SYS_CHROOT {7}[-1] {6}[-0]$/,
      ],
    },
  ],
  filters: { work, of: chroots, expect: 41 },
});

import assert from "node:assert/strict";
import { defineCases, type Row } from "../../tests/support/cases.ts";

// Truncates a file 7 times to a size that no other process uses, and 13 times to another size.
// Truncating a directory fails.
const script = `exec /usr/bin/python3 -c "
import os
path = '{dir}/file'
open(path, 'w').close()
for i in range(7): os.truncate(path, 4711)
for i in range(13): os.truncate(path, 13)
try: os.truncate('{dir}', 4711)
except IsADirectoryError: pass"`;
const work = { script };
const requires = ["kprobe"] as const;
const of = ({ pid }: Row, context: { pid: number }) => pid === context.pid;
/** How often each function was seen at its entry or return, and its first and last value. */
const seen = (rows: readonly Row[]) => {
  const counts: Record<string, number> = {};
  for (const { function: name, at, values } of rows) {
    const [first = "", last = ""] = [(values as string[])[0], (values as string[]).at(-1)];
    // The return type depends on the kernel: long or int.
    const text = [name, at, first, last].join(" ").replace(
      /return = \((long int|long|int)\)/g,
      "return ",
    );
    counts[text] = (counts[text] ?? 0) + 1;
  }
  return counts;
};

export default defineCases({
  usage: {
    names: "-h --help -d --debug -v --verbose -p --pid -P --pages -s --stack function --json",
    right: ["trace", "vfs_read"],
    wrong: [
      [[], /expected functions: ksnoop trace ip_send_skb/],
      [["info"], /expected functions/],
      [["trace", "f("], /expected FUNCTION or FUNCTION\(ARGUMENT, …\), found "f\("/],
      [["f(a > b)"], /expected ARGUMENT, ARGUMENT->MEMBER or ARGUMENT > NUMBER, found "a>b"/],
      [["-P", "3", "f"], /invalid value "3" for -P\/--pages/],
    ],
  },
  cases: [
    {
      name: "shows values of calls that pass a condition, with what they return",
      canary: true,
      requires,
      args: ["-p", "{pid}", "vfs_truncate(length == 4711, path->dentry, return)"],
      work,
      of,
      check(rows) {
        assert.deepEqual(seen(rows), {
          "vfs_truncate return length = (loff_t)4711 return 0": 7,
          "vfs_truncate return length = (loff_t)4711 return -21": 1,
        });
        // A short name is kept in d_iname, or since Linux 6.14 in d_shortname.string.
        const names = rows.map(({ values }) =>
          /\.(?:d_iname|string) = \(unsigned char\[\d+\]\)"(.*?)"/.exec((values as string[])[1]!)
            ?.[1]
        );
        assert.equal(names.filter((name) => name === "file").length, 7, JSON.stringify(rows[0]));
      },
    },
    {
      name: "shows nothing of calls that pass no condition",
      requires,
      args: ["-p", "{pid}", "vfs_truncate(length > 4711)"],
      work,
      of,
      rows: [],
    },
    {
      name: "shows entries and returns",
      requires,
      args: ["-p", "{pid}", "vfs_truncate(length < 4711)", "vfs_truncate(return < 0)"],
      work,
      of,
      check(rows) {
        assert.deepEqual(seen(rows), {
          "vfs_truncate entry length = (loff_t)13 length = (loff_t)13": 13,
          "vfs_truncate return return -21 return -21": 1,
        });
      },
    },
    {
      name: "-s shows calls within one another only",
      canary: true,
      requires,
      args: ["-s", "-p", "{pid}", "vfs_truncate(length,return)", "do_truncate(length)"],
      work,
      of,
      check(rows) {
        assert.deepEqual(seen(rows), {
          "do_truncate entry length = (loff_t)4711 length = (loff_t)4711": 7,
          "vfs_truncate return length = (loff_t)4711 return 0": 7,
          "do_truncate entry length = (loff_t)13 length = (loff_t)13": 13,
          "vfs_truncate return length = (loff_t)13 return 0": 13,
        });
      },
    },
    {
      name: "prints libbpf-tools' lines",
      requires,
      args: ["-p", "{pid}", "trace", "vfs_truncate"],
      work,
      lines: [
        /^ {12}TIME {2}CPU {6}PID FUNCTION\/ARGS$/,
        /^ *\d+ +\d +{pid} vfs_truncate\($/,
        /^ {35}path = \*\(0x[0-9a-f]+\)$/,
        /^ {36}\(const struct path\)\{$/,
        /^ {35}length =$/,
        /^ {36}\(loff_t\)4711$/,
        /^ {31}\);$/,
      ],
    },
  ],
  filters: {
    work,
    of,
    args: ["vfs_truncate(length == 4711)"],
    requires: ["kprobe", "full"],
    expect: 8,
  },
});

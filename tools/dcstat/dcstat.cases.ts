import assert from "node:assert/strict";
import { type Case, defineCases } from "../../tests/support/cases.ts";
import { onTmpfs } from "../../tests/support/jobs.ts";

/** How many names are looked up for a path below the mount point. */
const names = (mount: string) => mount.split("/").length;
// tmpfs caches no negative entries: every look-up of a missing name misses the cache.
const work = onTmpfs(
  "file_calls.c",
  (mount) => [`stat=${mount}/none:37`, `unlink=${mount}/other:3`],
);
const requires = ["kprobe", "fentry"] as const;
const of = () => true;

const counts: Case = {
  name: "counts the look-ups of a process and those that miss",
  args: ["-p", "{pid}", "1000"],
  canary: true,
  requires,
  work,
  of,
  check([row], context) {
    const length = names(String(context.names.mount));
    // unlink(2) looks up the last name of its path by a function that does not count as a
    // reference.
    const refs = 37 * length + 3 * (length - 1);
    assert.deepEqual(
      [row?.refs, row?.slow, row?.miss, Math.round(Number(row?.hit_percent))],
      [refs, 40, 40, Math.round(100 - 4000 / refs)],
    );
  },
};

export default defineCases({
  usage: { names: "-h interval count --json", wrong: [[["0"], /invalid value "0" for interval/]] },
  cases: [
    counts,
    {
      name: "prints bcc's table",
      args: ["-p", "{pid}", "1000"],
      canary: true,
      requires: [...requires, "full"],
      work,
      lines: [
        /^TIME {9}REFS\/s {3}SLOW\/s {3}MISS\/s {5}HIT%$/,
        /^\d\d:\d\d:\d\d: +\d+ +\d+ +\d+ +\d+\.\d\d$/,
      ],
    },
    {
      name: "-n hides others",
      args: ["-n", "nobody-is-this", "1000"],
      canary: true,
      requires,
      work,
      of,
      rows: [{ miss: 0 }],
    },
  ],
  filters: {
    requires: [...requires, "full"],
    work,
    args: ["1000"],
    of,
    total: ([row]) => Number(row?.miss),
    expect: { least: 40 },
  },
});

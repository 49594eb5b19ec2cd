import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { defineCases, sumOf } from "../../tests/support/cases.ts";

const HOOK = "security_inode_create";
/** The function that opens files: it has another name in Linux 7.2 than in 6.18 and before. */
const OPENER = Number(release().split(".")[0]) < 7 ? "do_filp_open" : "do_file_open";
/** Bash creates 13 files that the predicates do not match, and 7 times one that they match. */
const script = `exec 2> {dir}/log; for i in {1..13}; do echo > {dir}/apple$i; done
  for i in {1..7}; do echo > {dir}/bananas; rm -f {dir}/bananas; done; ls {dir} > {dir}/files`;
const work = { script };
const NAMED = `${HOOK}(struct inode *d, struct dentry *new)(STRCMP(new->d_name.name, 'bananas'))`;
const requires = ["fentry"] as const;

export default defineCases({
  usage: {
    names: "-h --help -I --include -P --probability -v --verbose -c --count mode spec --json",
    right: [HOOK, NAMED],
    wrong: [
      [[], /expected a mode and a call chain/],
      [["kmalloc"], /expected a mode and a call chain/],
      [["malloc", "f()"], /no mode "malloc": expected kmalloc, bio, alloc_page or a function/],
      [["kmalloc", "f("], /this "\(" is never closed/],
      [["kmalloc", "f() => (true)"], /only the first test may lack a function/],
      [["-P", "2", "kmalloc", "f()"], /invalid value "2" for -P\/--probability/],
      [["-c", "0", "kmalloc", "f()"], /invalid value "0" for -c\/--count/],
      [["-e", "EBANANA", "kmalloc", "f()"], /invalid value "EBANANA" for -e\/--error/],
    ],
  },
  cases: [
    {
      name: "makes the calls fail whose parameters pass the tests, inside of two functions",
      canary: true,
      requires,
      args: ["-e", "ENOSPC", HOOK, `${NAMED} => ${OPENER}(int dfd)(dfd < 0) => SyS_openat()`],
      work,
      rows: [{ comm: "bash", errors: 7 }],
      check(_, { dir }) {
        const text = (name: string) => readFileSync(join(dir, name), "utf8");
        assert.equal(text("log").match(/bananas: No space left on device/g)?.length, 7);
        assert.equal(text("files").match(/^apple\d+$/gm)?.length, 13);
      },
    },
    {
      name: "lets calls through whose parameters do not pass",
      requires,
      args: [HOOK, NAMED.replace("bananas", "banana")],
      work,
      rows: [],
    },
    {
      name: "lets calls through that come another way, or whose caller's test fails",
      requires,
      args: [HOOK, `${NAMED} => ${OPENER}(int dfd)(dfd >= 0) => SyS_openat()`],
      work,
      rows: [],
    },
    {
      name: "-c lets calls through after so many",
      canary: true,
      requires,
      args: ["-c", "3", HOOK, NAMED],
      work,
      rows: [{ comm: "bash", errors: 3 }],
    },
    {
      name: "-P makes some fail",
      requires,
      args: ["-P", "0.5", HOOK, `${NAMED.replace("bananas", "many")}`],
      work: { script: "exec 2> /dev/null; for i in {1..199}; do echo > {dir}/many; done" },
      check(rows) {
        // Once one call is let through, the file exists: later opens do not create it.
        assert.ok(sumOf("errors")(rows) < 199, JSON.stringify(rows));
      },
    },
    {
      name: "prints who got errors",
      requires,
      args: [HOOK, NAMED],
      work,
      lines: [
        /^Injecting EPERM into security_inode_create\.\.\. Hit Ctrl-C to end\.$/,
        /^PID {5}COMM {13}ERRORS$/,
        /^{pid} +bash {18}7$/,
      ],
    },
  ],
  filters: {
    work,
    args: [HOOK, NAMED],
    requires: ["fentry", "full"],
    total: sumOf("errors"),
    expect: 7,
  },
});

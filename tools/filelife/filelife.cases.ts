import assert from "node:assert/strict";
import { defineCases, type IsOf, type Row } from "../../tests/support/cases.ts";
import { onTmpfs } from "../../tests/support/jobs.ts";

const files = (count: number, name: string): Row[] =>
  Array.from({ length: count }, (_, i) => ({ comm: "file_calls", file: `{mount}/${name}${i}` }));

const work = onTmpfs("file_calls.c", (mount) => [
  `mkdir=${mount}/folder:1`,
  `make=${mount}/file:37`,
  `make=${mount}/file:3`, // the files exist: nothing is created
  `mknod=${mount}/node:7`,
  `unlink=${mount}/other:5`, // no such files
  `rename=${mount}/file:2`,
  `unlinkat=${mount}/file:31`, // two of them fail: they were renamed
  `unlink=${mount}/node:7`,
]);

const inFolder: IsOf = ({ file }, { dir }) => String(file).startsWith(dir);

export default defineCases({
  usage: {
    names: "-h --help -p --pid --json --duration --cgroup",
    wrong: [[["-p", "x"], /invalid value "x" for -p/]],
  },
  cases: [
    {
      name: "shows files that were created and deleted since, and no others",
      canary: true,
      work,
      rows: [...files(31, "file").slice(2), ...files(7, "node")],
    },
    {
      name: "knows a file by each of its paths and names",
      work: {
        script: `cd {dir}; mkdir -p sub; : > sub/../one; mv one two; rm {dir}/two
          : > a; : > b; mv a b; rm {dir}//./b; (cd sub; : > ../c; rm {dir}/c)`,
      },
      of: inFolder,
      rows: [{ file: "{dir}/two" }, { file: "{dir}//./b" }, { file: "{dir}/c" }],
    },
    {
      name: "hides what was there before",
      work: {
        async start(dir) {
          const { writeFileSync } = await import("node:fs");
          const { Script } = await import("../../tests/support/script.ts");
          writeFileSync(`${dir}/old`, "");
          return await Script.start(`rm ${dir}/old`);
        },
      },
      of: inFolder,
      rows: [],
    },
    {
      name: "tells how long a file was there",
      // `read -t` waits 1.1 s on a pipe that nobody writes to.
      work: { script: "cd {dir}; : > file; exec 9<> <(:); read -t 1.1 -u 9; rm {dir}/file" },
      of: inFolder,
      check(rows) {
        assert.equal(rows.length, 1);
        assert.ok(Number(rows[0]!.age_s) >= 1.1, String(rows[0]!.age_s));
      },
    },
    {
      name: "prints bcc's table",
      args: ["-p", "{pid}"],
      work,
      lines: [
        /^TIME {5}PID {5}COMM {13}AGE\(s\) {2}FILE$/,
        /^\d\d:\d\d:\d\d {pid} +file_calls {7}\d+\.\d\d +{mount}\/file2$/,
      ],
    },
  ],
  filters: { work, expect: 36 },
});

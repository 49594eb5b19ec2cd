import { release } from "node:os";
import { hasFentry } from "../../mod.ts";
import { type Case, defineCases, sumOf } from "../../tests/support/cases.ts";
import { fileIoOn, onTmpfs } from "../../tests/support/jobs.ts";

const calls = onTmpfs("file_calls.c", (mount) => [
  `make=${mount}/file:37`,
  `mknod=${mount}/node:7`,
  `fsync=${mount}/file0:11`,
  `mkdir=${mount}/folder:5`,
  `rmdir=${mount}/folder:3`,
  `unlink=${mount}/file:29`,
  `unlinkat=${mount}/node:2`,
  `rmdir=${mount}/none:13`, // no such directories
]);
const work = fileIoOn("tmpfs", (file) => [
  ...[`open=${file}:13`, "write=53", "pwrite=23", "writev=11", "fsync=5", "start"],
  ...["read=41", "pread=17", "readv=3"],
]);
// The program waits in read(2) when tracing begins: hooks at exits (without fentry) count it.
const waited = hasFentry().answer === "yes" ? 0 : 1;
/** Expects 0 on the kernel whose compiler has inlined the function into its callers. */
const seen = (times: number, inlinedOn: string) => release().startsWith(inlinedOn) ? 0 : times;
const args = ["-p", "{pid}", "1000"];
const of = () => true;
const none = { read: 0, write: 0, fsync: 0, open: 0, create: 0, unlink: 0, mkdir: 0, rmdir: 0 };

const creations: Case = {
  name: "counts what a process opens, creates, syncs and removes",
  args,
  canary: true,
  work: calls,
  of,
  rows: [{
    fsync: seen(11, "7.2."),
    open: 38,
    create: 7,
    unlink: 31,
    mkdir: 5,
    rmdir: seen(3, "5.10."),
  }],
};

export default defineCases({
  usage: {
    names: "-h --help -p --pid interval count --json",
    wrong: [[["0"], /invalid value "0" for interval/]],
  },
  cases: [
    creations,
    {
      name: "counts reads and writes, without those of vectors",
      args,
      canary: true,
      work,
      of,
      rows: [{ ...none, read: 58 + waited, write: 76, fsync: seen(5, "7.2."), open: 13 }],
    },
    { name: "-p hides others", args: ["-p", "1", "1000"], work, of, rows: [{ fsync: 0, open: 0 }] },
    {
      name: "prints bcc's table, with what came per second until Ctrl-C cut the interval short",
      args: ["-p", "{pid}", "1000000"],
      work: fileIoOn("tmpfs", (file) => [`open=${file}:2003`]),
      lines: [
        /^TIME {7,}READ\/s +WRITE\/s +FSYNC\/s +OPEN\/s +CREATE\/s/,
        /^\d\d:\d\d:\d\d: +\d+ +\d+ +\d+ +[1-9]\d* +0 +0 +0 +0$/,
      ],
    },
  ],
  filters: { work: calls, args: ["1000"], of, total: sumOf("rmdir"), expect: { least: 3 } },
});

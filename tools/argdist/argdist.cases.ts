import { defineCases, sumOf } from "../../tests/support/cases.ts";

const work = { program: "calls.c", args: ["getpgid=97", "sleep=7"] };
const args = ["-C", "t:syscalls:sys_enter_getpgid():int:args->pid", "-i", "1000"];

export default defineCases({
  usage: {
    names:
      "-h --help -p --pid -t --tid -z --string-size -i --interval -d --duration -n --number -v " +
      "--verbose -c --cumulative -T --top -H --histogram -C --count -I --include --ebpf --json",
    wrong: [
      [
        ["-C", "p:c:malloc(size_t n):size_t:$latency"],
        /^there is \$latency in return probes only \(r:\)\n.*\n {30}\^$/,
      ],
      [
        ["-C", "r:c:malloc(size_t n):size_t:n+$entry(m)"],
        /^the signature has no parameter m\n.*\n {39}\^$/,
      ],
      [
        ["-C", "p:c:f(char *a):char*,char*,char*,char*,char*:a,a,a,a,a"],
        /^there is room for 384 bytes.*\n.*\n {17}\^$/,
      ],
      [[], /expected at least one -C or -H/],
      [["-n", "0"], /invalid value "0" for -n\/--number/],
      [["-z", "999"], /invalid value "999" for -z\/--string-size/],
      [
        ["-C", "p:nothing-here:f()"],
        /no file, no library and no program in PATH called "nothing-here"/,
      ],
    ],
  },
  cases: [
    {
      name: "counts values of a tracepoint",
      args: ["-p", "{pid}", ...args],
      canary: true,
      work,
      of: ({ record }) => record === "count",
      check(rows) {
        if (rows.length !== 1 || rows[0]!.count !== 97) throw new Error(JSON.stringify(rows));
      },
    },
    {
      name: "-z says how much of a text is read",
      requires: ["oldCalls"],
      args: [
        ...["-p", "{pid}", "-z", "8", "-i", "1000"],
        ...["-C", "t:syscalls:sys_enter_rmdir():char*:args->pathname"],
      ],
      // Thirteen paths that differ only behind the bytes that the tool reads, and a shorter one.
      work: { program: "file_calls.c", args: ["rmdir=/nothing/is/here:13", "rmdir=/not:1"] },
      of: ({ record }) => record === "count",
      counts: [
        [{ values: { "args->pathname": "/nothin" }, count: 13 }, 1],
        [{ values: { "args->pathname": "/not0" }, count: 1 }, 1],
      ],
    },
  ],
  filters: {
    work,
    args,
    of: ({ record }) => record === "count",
    total: sumOf("count"),
    expect: 97,
  },
});

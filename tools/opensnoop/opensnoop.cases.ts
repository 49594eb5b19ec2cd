import { defineCases, times } from "../../tests/support/cases.ts";

const steps = ["create={dir}/file:97", "missing={dir}/gone:13"];
const isHere = (row: { path?: unknown }, { dir }: { dir: string }) =>
  String(row.path).startsWith(dir);

export default defineCases({
  usage: {
    names: "-T -U -x -p -t -u -d -n -e -f -F -b --timestamp --print-uid --failed --pid " +
      "--tid --cgroupmap --mntnsmap --uid --duration --name --extended_fields --flag_filter " +
      "--full-path --buffer-pages --exec --json --help",
    wrong: [
      [["--pidns", "0"], /invalid value "0" for --pidns/],
      [["--f", "O_APPEND"], /option --f is ambiguous: --failed or/],
      [["--nothing"], /unknown option --nothing/],
      [["-Z"], /unknown option -Z/],
      [["-p", "abc"], /invalid value "abc" for -p\/--pid: expected a process id, a whole number/],
      [["-p", "0"], /invalid value "0" for -p\/--pid/],
      [["-p"], /-p\/--pid needs a value: PID/],
      [["-d", "-1"], /invalid value "-1" for -d\/--duration/],
      [["-f", "O_NOTHING"], /invalid value "O_NOTHING" for -f\/--flag_filter/],
      [["-b", "3"], /invalid value "3" for -b\/--buffer-pages: expected a power of two/],
      [["-n", "sixteen-bytes-xx"], /no process name can contain "sixteen-bytes-xx"/],
      [["-p", "1", "--exec", "true"], /use either -p\/--pid or --exec/],
      [["--exec"], /--exec needs COMMAND…/],
      [["surplus"], /unexpected argument "surplus"/],
    ],
  },
  cases: [
    {
      name: "shows 97 opens and 13 that fail, exactly and in order",
      canary: true,
      work: { steps },
      of: isHere,
      rows: [
        ...Array.from({ length: 97 }, (_, i) => ({ err: 0, path: `{dir}/file${i}` })),
        ...Array.from({ length: 13 }, (_, i) => ({ err: 2, path: `{dir}/gone${i}` })),
      ],
    },
    {
      name: "-x shows failed opens only",
      args: ["-x"],
      work: { steps },
      of: isHere,
      rows: times(13, { pid: "{pid}", err: 2, fd: -1 }),
    },
    {
      name: "prints bcc's table",
      args: ["-p", "{pid}"],
      work: { steps },
      lines: [/^PID {5}COMM {15}FD ERR PATH$/, /^{pid} +workload +-1 +2 {dir}\/gone12$/],
    },
  ],
  filters: { work: { steps }, of: isHere, expect: 110 },
});

import { defineCases, times } from "../../tests/support/cases.ts";

const steps = ["create={dir}/file:97", "missing={dir}/gone:13"];
const isHere = (row: { path?: unknown }, { dir }: { dir: string }) =>
  String(row.path).startsWith(dir);

export default defineCases({
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

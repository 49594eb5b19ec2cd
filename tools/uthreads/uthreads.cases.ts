import { defineCases, times } from "../../tests/support/cases.ts";
import { javaProgram } from "../../tests/support/languages.ts";

const work = { program: "thread_maker.c", args: ["first=23", "second=17"] };

export default defineCases({
  usage: {
    names: "-l --language -v --verbose -h --json",
    right: ["-l", "none", "181"],
    wrong: [[["-l", "none"], /^expected the pid/]],
  },
  cases: [
    {
      name: "shows 40 threads with their ids and the functions that they begin with",
      canary: true,
      args: ["{pid}"],
      work,
      rows: [
        ...times(23, { type: "pthread", description: "first_routine", runtime_id: null }),
        ...times(17, { type: "pthread", description: "second_routine", runtime_id: null }),
      ],
      check(rows, { pid }) {
        const ids = new Set(rows.map(({ id }) => id));
        if (ids.size !== 40 || ids.has(pid) || ids.has(0)) throw new Error(JSON.stringify(rows));
      },
    },
    {
      name: "shows threads of Java when they start and stop, and their pthreads",
      requires: ["javac"],
      args: ["{pid}"],
      work: javaProgram("Threads"),
      of: ({ description, type }) => type !== "pthread" && /^worker-/.test(String(description)),
      check(rows) {
        const of = (type: string) => rows.filter((row) => row.type === type);
        const texts = (type: string) => of(type).map(({ description }) => description);
        const names = Array.from({ length: 7 }, (_, i) => `worker-${i}`);
        for (const type of ["start", "stop"]) {
          if (texts(type).join() !== names.join()) throw new Error(JSON.stringify(rows));
        }
        const ids = new Set(rows.map(({ id, runtime_id }) => `${id} ${runtime_id}`));
        if (ids.size !== 7) throw new Error(JSON.stringify(rows));
      },
    },
    {
      name: "prints bcc's table",
      args: ["-l", "none", "{pid}"],
      work,
      lines: [
        /^Tracing thread events in process {pid} \(language: none\)\.\.\. Ctrl-C to quit\.$/,
        /^TIME {5}ID {15}TYPE {5}DESCRIPTION$/,
        /^0\.000 {4}\d+ +pthread {2}first_routine$/,
      ],
    },
  ],
  unfiltered: "the process is an argument that each case has: nobody else is traced",
});

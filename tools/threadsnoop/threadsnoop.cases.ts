import { defineCases, times } from "../../tests/support/cases.ts";

const work = { program: "thread_maker.c", args: ["first=23", "second=17"] };
const mine = ["-p", "{pid}"];

export default defineCases({
  cases: [
    {
      name: "shows 40 threads and the functions that they begin with",
      args: mine,
      canary: true,
      work,
      rows: [
        ...times(23, { comm: "thread_maker", func: "first_routine" }),
        ...times(17, { comm: "thread_maker", func: "second_routine" }),
      ],
    },
    {
      name: "prints bcc's table",
      args: mine,
      work,
      lines: [
        /^TIME\(ms\) {3}PID {5}COMM {13}FUNC$/,
        /^0 {10}{pid} +thread_maker {5}first_routine$/,
        /^\d+ +{pid} +thread_maker {5}second_routine$/,
      ],
    },
  ],
  filters: {
    work,
    args: mine,
    expect: 40,
    not: {
      pid: "given above: a probe on the C library is for one process only",
      pidns: "-p names a process of that namespace then: tests/tools/frame_containers_test.ts",
    },
  },
});

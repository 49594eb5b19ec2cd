import { defineCases, times } from "../../tests/support/cases.ts";

const work = { program: "calls.c", args: ["getpgid=97", "sleep=7"] };
const probe = 't:syscalls:sys_enter_getpgid "of %d", args->pid';

export default defineCases({
  cases: [
    {
      name: "prints arguments of a tracepoint, exactly and in order",
      args: ["-p", "{pid}", probe],
      canary: true,
      work,
      rows: times(97, { func: "sys_enter_getpgid", message: "of 0" }),
    },
  ],
  filters: {
    work,
    args: [probe],
    not: { comm: "its process has a long name", cgroup: "it has none, --cgroup-path is another" },
    expect: 97,
  },
});

import { defineCases, times } from "../../tests/support/cases.ts";

const work = { program: "calls.c", args: ["getpgid=97", "sleep=7"] };
const probe = 't:syscalls:sys_enter_getpgid "of %d", args->pid';

export default defineCases({
  usage: {
    names: "-h --help -b --buffer-pages -p --pid -L --tid --uid -v --verbose -Z --string-size -S " +
      "--include-self -M --max-events -m --max-per-probe -t --timestamp -u --unix-timestamp -T --time -C --print_cpu " +
      "-c --cgroup-path -n --name -f --msg-filter -B --bin_cmp -s --sym_file_list -K " +
      "--kernel-stack -U --user-stack -a --address -I --include -A --aggregate --ebpf --json probe",
    wrong: [
      [["p::f (arg1"], /^this "\(" is never closed\n.*\n {7}\^$/],
      [[], /expected a probe/],
      [["-I", "/dev/null", "f"], /there is no file "\/dev\/null" for -I\/--include/],
      [["-p", "1", "-L", "1", "f"], /use either -p\/--pid or -L\/--tid/],
      [["-u", "f"], /-u\/--unix-timestamp needs -t\/--timestamp/],
      [["-A", "f"], /-A\/--aggregate needs -M\/--max-events/],
      [["t:nothing:here"], /this kernel has no tracepoint nothing:here/],
      [["-Z", "1", "f"], /invalid value "1" for -Z\/--string-size/],
      [
        ["nothing-here:f"],
        /there is no file, no library and no program in PATH called "nothing-here"/,
      ],
    ],
  },
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

import { fileSystemWork, slowerCases } from "../../tests/support/file_system_cases.ts";

const work = fileSystemWork("tmpfs");

export default {
  ...slowerCases("tmpfs", {
    args: ["-t", "tmpfs"],
    threshold: (ms) => ["-m", ms],
    more: [
      {
        name: "hides other file systems",
        args: ["-t", "ext4", "-m", "0"],
        work,
        rows: [],
      },
      {
        name: "prints libbpf-tools' table",
        args: ["-t", "tmpfs", "-m", "0", "-p", "{pid}"],
        work,
        lines: [
          /^Tracing tmpfs operations$/,
          /^TIME {5}COMM {11}PID {4}T BYTES {3}OFF_KB {3}LAT\(ms\) FILENAME$/,
          /^\d\d:\d\d:\d\d file_io {8}{pid} +W 4096 {4}252 +\d+\.\d\d traced$/,
        ],
      },
      {
        name: "-c prints comma-separated values",
        args: ["-c", "-t", "tmpfs", "-m", "0", "-p", "{pid}"],
        work,
        lines: [
          /^ENDTIME_us,TASK,PID,TYPE,BYTES,OFFSET_b,LATENCY_us,FILE$/,
          /^\d+,file_io,{pid},R,4096,163840,\d+,traced$/,
        ],
      },
    ],
  }),
  usage: {
    names: "-c --csv -d --duration -m --min -p --pid -t --type -v --verbose",
    wrong: [[[], /-t\/--type/], [["-t", ""], /-t\/--type is needed/], [
      ["-t", "0123456789abcdef"],
      /15 bytes/,
    ]],
    right: ["-t", "ext4"],
  },
};

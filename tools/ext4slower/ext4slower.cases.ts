import { defineCases, times } from "../../tests/support/cases.ts";
import { ext4Io } from "../../tests/support/jobs.ts";

const work = ext4Io((file) => [`open=${file}:13`, "write=101", "fsync=11", "start", "read=53"]);

const blocks = (t: string, count: number) =>
  Array.from({ length: count }, (_, i) => ({ t, bytes: 4096, off_kb: 4 * i, filename: "traced" }));

export default defineCases({
  usage: {
    names: "-h -j -p --csv --pid min_ms --json --duration",
    wrong: [[["-1"], /unknown option -1/], [
      ["x"],
      /invalid value "x" for min_ms/,
    ]],
  },
  cases: [
    {
      name: "0 shows 13 opens, 101 writes, 11 syncs and 53 reads, in order",
      args: ["0"],
      canary: true,
      work,
      rows: [
        ...times(13, { t: "O", bytes: 0, filename: "traced" }),
        ...times(101, { t: "W", bytes: 4096, filename: "traced" }),
        ...times(11, { t: "S", bytes: 0, filename: "traced" }),
        ...times(53, { t: "R", bytes: 4096, filename: "traced" }),
      ],
    },
    {
      name: "0 tells where appends went, however they were made",
      args: ["0"],
      work: ext4Io((file) => [
        `open=${file}:1`,
        "write=3",
        `append=${file}:1`,
        "write=2",
        "pwrite=2",
        "writev=1",
        `open=${file}:1`,
        "pwritev2=2",
        "pwrite=2",
      ]),
      rows: [
        { t: "O", bytes: 0, off_kb: 0 },
        ...[0, 4, 8].map((off_kb) => ({ t: "W", bytes: 4096, off_kb })),
        { t: "O", bytes: 0, off_kb: 0 },
        ...[12, 16, 20, 24, 28].map((off_kb) => ({ t: "W", bytes: 4096, off_kb })),
        { t: "O", bytes: 0, off_kb: 0 },
        ...[32, 36].map((off_kb) => ({ t: "W", bytes: 4096, off_kb })),
        // pwrite(2) without O_APPEND or RWF_APPEND: at the offsets that the calls pass.
        ...[0, 4].map((off_kb) => ({ t: "W", bytes: 4096, off_kb })),
      ],
    },
    {
      name:
        "0 shows what libaio and io_uring moved once it is done, and what sendfile and copies did",
      args: ["0"],
      requires: ["fentry"],
      // io_uring may retry an operation that would block: its first try returns -EAGAIN (-11).
      of: (row, { pid }) => row.pid === pid && row.bytes !== -11,
      work: ext4Io((file) => [
        `open=${file}:1`,
        "write=16",
        "fsync=1",
        `direct=${file}:1`,
        "aio_write=3",
        "aio_read=5",
        "uring_write=7",
        "uring_read=2",
        `open=${file}:1`,
        "sendfile=11",
        "copy=5",
      ]),
      rows: [
        { t: "O", bytes: 0, off_kb: 0, filename: "traced" },
        ...blocks("W", 16),
        { t: "S", bytes: 0, off_kb: 0, filename: "traced" },
        { t: "O", bytes: 0, off_kb: 0, filename: "traced" },
        ...blocks("W", 3),
        ...blocks("R", 5),
        ...blocks("W", 7),
        ...blocks("R", 2),
        { t: "O", bytes: 0, off_kb: 0, filename: "traced" },
        { t: "R", bytes: 11 * 4096, off_kb: 0, filename: "traced" },
        { t: "R", bytes: 5 * 4096, off_kb: 0, filename: "traced" },
        { t: "W", bytes: 5 * 4096, off_kb: 5 * 4, filename: "traced" },
      ],
    },
    { name: "hides what is faster than the threshold", args: ["60000"], work, rows: [] },
  ],
  filters: { work, args: ["0"], expect: 178 },
});

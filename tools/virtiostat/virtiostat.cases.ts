import assert from "node:assert/strict";
import { defineCases, type Row } from "../../tests/support/cases.ts";

const MIB = 1024 * 1024;
const READ = 8 * MIB;
// The guest's files are on a virtio file system: reads 8 MiB of one, past the page cache.
const work = {
  script: "exec dd if=$(ls -S .tools/bin/* | head -1) of=/dev/null bs=1M count=8 iflag=direct",
};
const args = ["1000"];
const isQueue = ({ driver }: Row) => driver === "virtiofs";

export default defineCases({
  usage: {
    names: "-h -T --timestamp -d --driver -n --devname -D --debug interval count",
    wrong: [[["0"], /invalid value "0" for interval/], [["-d", "0123456789abcdef"], /15 bytes/]],
  },
  cases: [
    {
      name: "shows 8 MiB that the host's file system fills",
      args,
      canary: true,
      requires: ["modules", "directIo"],
      work,
      of: isQueue,
      check(rows) {
        const total = rows.reduce((sum, { in_bytes }) => sum + Number(in_bytes), 0);
        assert.ok(total >= READ && total < 3 * READ, `${total} bytes`);
        for (const { in_sgs, out_sgs, out_bytes, device } of rows) {
          assert.ok(Number(in_sgs) > 0 && Number(out_sgs) > 0 && Number(out_bytes) > 0);
          assert.match(String(device), /^virtio\d+$/);
        }
      },
    },
    {
      name: "-d hides other drivers",
      args: ["-d", "virtio_nothing", ...args],
      canary: true,
      requires: ["modules", "directIo"],
      work,
      of: ({ driver }) => driver !== undefined,
      rows: [],
    },
    {
      name: "-n hides other devices",
      args: ["-n", "virtio99", ...args],
      canary: true,
      requires: ["modules", "full"],
      work,
      of: ({ driver }) => driver !== undefined,
      rows: [],
    },
    {
      name: "prints bcc's table",
      args: ["-d", "virtiofs", ...args],
      canary: true,
      requires: ["modules", "full"],
      work,
      lines: [
        /^-{8}$/,
        /^ {8}Driver {3}Device {4}VQ Name {2}In SGs Out SGs {10}In BW {9}Out BW$/,
        /^ {6}virtiofs +virtio\d+ +\S+ +\d+ +\d+ +\d+ +\d+$/,
      ],
    },
    {
      name: "-T shows the time of day in place of the rule",
      args: ["-T", "-d", "virtiofs", ...args],
      canary: true,
      requires: ["modules", "full"],
      work,
      lines: [/^\d\d:\d\d:\d\d$/, /^ {6}virtiofs +virtio\d+ /],
    },
  ],
});

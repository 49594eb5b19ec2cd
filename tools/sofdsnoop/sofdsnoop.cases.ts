import assert from "node:assert/strict";
import { defineCases, times } from "../../tests/support/cases.ts";

const work = {
  program: "pass_fds.c",
  args: [
    "pass=/etc/passwd:7",
    "plain=/:5",
    "refused=/:11",
    "each=/etc:3",
    "pass=/usr/lib/os-release:253",
  ],
};
const sent = (name: string) => ({ comm: "pass_fds", action: "SEND", name });
const received = (name: string) => ({ comm: "pass_fds", action: "RECV", name });

export default defineCases({
  cases: [
    {
      name: "shows each descriptor that is sent and received, up to as many as fit a message",
      canary: true,
      work,
      rows: [
        ...times(7, sent("passwd")),
        ...times(7, received("passwd")),
        ...Array.from({ length: 3 }, () => [sent("etc"), received("etc")]).flat(),
        ...times(253, sent("os-release")),
        ...times(253, received("os-release")),
      ],
      check(rows) {
        // The sender sends one descriptor 253 times; the receiver gets 253 different descriptors.
        const fds = (action: string) =>
          new Set(
            rows.filter((row) => row.action === action && row.name === "os-release").map(({ fd }) =>
              fd
            ),
          );
        assert.deepEqual([fds("SEND").size, fds("RECV").size], [1, 253]);
        const sockets = new Set(rows.map(({ action, socket }) => `${action} ${socket}`));
        assert.equal(sockets.size, 2);
        for (const socket of sockets) assert.match(socket, / \d+:socket:\[\d+\]$/);
      },
    },
    {
      name: "shows nothing of messages without descriptors, and of those refused",
      work: { program: "pass_fds.c", args: ["plain=/:13", "refused=/:17"] },
      rows: [],
    },
    {
      name: "prints bcc's table",
      args: ["-T", "-p", "{pid}"],
      work,
      lines: [
        /^TIME\(s\) {7}ACTION TID {4}COMM {13}SOCKET {20}FD {4}NAME$/,
        /^\d+\.\d{9} +RECV {3}{pid} +pass_fds {9}\d+:socket:\[\d+\] +\d+ +etc$/,
      ],
    },
  ],
  filters: { work, expect: 526 },
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { buildProgram } from "../../tests/support/build.ts";
import { defineCases, sumOf, type Work } from "../../tests/support/cases.ts";
import { Script } from "../../tests/support/script.ts";

/** A virtual machine whose CPU writes 47 times to an I/O port and halts. */
const guest: Work = {
  start() {
    // QEMU emulates an AMD CPU with SVM for the test guests.
    spawnSync("modprobe", ["kvm_amd"]);
    return Script.of([buildProgram("kvm_guest.c"), "47"]);
  },
};
const requires = ["modules", "x86Kvm"] as const;
const ofGuest = ({ kvm_exit_reason: reason }: Readonly<Record<string, unknown>>) =>
  reason === "IO" || reason === "HLT";

export default defineCases({
  unseen: { machine: "its KVM has neither VMX nor SVM, and tells of no exit" },
  usage: {
    names: "-h -p -t -T -v -a -m --pid --tid --tids --vcpu --alltids --max-parallelism --debug " +
      "duration --json",
    wrong: [
      [
        ["-p", "1", "-t", "1", "-a"],
        /use one of -t\/--tid, -T\/--tids, -v\/--vcpu and -a\/--alltids/,
      ],
      [["-v", "0"], /-v\/--vcpu and -a\/--alltids need -p\/--pid/],
      [["-T", "1,x"], /expected whole numbers from 1 to/],
    ],
  },
  cases: [
    {
      name: "counts 47 writes to a port and a halt of a virtual CPU",
      canary: true,
      requires,
      args: ["-p", "{pid}", "-v", "0"],
      work: guest,
      of: ofGuest,
      rows: [{ kvm_exit_reason: "IO", count: 47 }, { kvm_exit_reason: "HLT", count: 1 }],
    },
    {
      name: "-v hides other virtual CPUs",
      requires,
      args: ["-p", "{pid}", "-v", "1"],
      work: guest,
      of: ofGuest,
      rows: [],
    },
    {
      name: "-T shows threads of a list",
      requires: [...requires, "full"],
      args: ["-T", "1,{pid}"],
      work: guest,
      of: ofGuest,
      check: (rows) => assert.equal(sumOf("count")(rows), 48),
    },
    {
      name: "-T hides other threads",
      requires: [...requires, "full"],
      args: ["-T", "1,2"],
      work: guest,
      of: ofGuest,
      rows: [],
    },
    {
      name: "-a names the threads of a process",
      requires: [...requires, "full"],
      args: ["-p", "{pid}", "-a"],
      work: guest,
      of: ofGuest,
      rows: [
        { tid: "{pid}", kvm_exit_reason: "IO", count: 47 },
        { tid: "{pid}", kvm_exit_reason: "HLT", count: 1 },
      ],
    },
    {
      name: "attaches with a virtual CPU asked for, and counts nothing of a process without one",
      args: ["-p", "{pid}", "-v", "0"],
      work: { script: "true" },
      of: () => true,
      rows: [],
    },
    {
      name: "prints bcc's heading",
      args: ["-p", "{pid}", "-a"],
      work: { script: "true" },
      lines: [
        /^Display kvm exit reasons and statistics for PID \d+ and its all threads\.\.\. Hit Ctrl-C to end\.$/,
        /^TID {6}KVM_EXIT_REASON {21}COUNT$/,
      ],
    },
  ],
  filters: {
    requires: [...requires, "full"],
    work: guest,
    of: ofGuest,
    total: sumOf("count"),
    expect: 48,
  },
});

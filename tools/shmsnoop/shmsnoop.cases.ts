import assert from "node:assert/strict";
import { defineCases, times } from "../../tests/support/cases.ts";

const work = { program: "file_calls.c", args: ["shm=7", "noshm=13"] };

export default defineCases({
  cases: [
    {
      name: "shows what a program does with a segment, and 13 that are not there",
      canary: true,
      work,
      rows: [
        ...Array.from({ length: 7 }, () => [
          { comm: "file_calls", sys: "SHMGET" },
          { comm: "file_calls", sys: "SHMAT" },
          { comm: "file_calls", sys: "SHMDT" },
          { comm: "file_calls", sys: "SHMCTL" },
        ]).flat(),
        ...times(13, { comm: "file_calls", sys: "SHMGET" }),
      ],
      check(rows) {
        for (let i = 0; i < 28; i += 4) {
          const [got, attached, detached, removed] = rows.slice(i, i + 4);
          const id = `0x${Number(got!.ret).toString(16)}`;
          const address = `0x${BigInt(attached!.ret as number).toString(16)}`;
          assert.equal(got!.args, "key: 0x0, size: 4096, shmflg: 0x380 (IPC_CREAT|0600)");
          assert.equal(attached!.args, `shmid: ${id}, shmaddr: 0x0, shmflg: 0x1000 (SHM_RDONLY)`);
          assert.deepEqual([detached!.ret, detached!.args], [0, `shmaddr: ${address}`]);
          assert.deepEqual(
            [removed!.ret, removed!.args],
            [0, `shmid: ${id}, cmd: 0 (IPC_RMID), buf: 0x0`],
          );
        }
        for (const { ret, args } of rows.slice(28)) {
          assert.deepEqual([ret, args], [-2, "key: 0x7357, size: 4096, shmflg: 0x0"]);
        }
      },
    },
    {
      name: "prints bcc's table",
      args: ["-T", "-p", "{pid}"],
      work,
      lines: [
        /^TIME\(s\) {7}PID {4}COMM {16}SYS {14}RET ARGs$/,
        /^\d+\.\d{9} +{pid} +file_calls +SHMGET fffffffffffffffe key: 0x7357, size: 4096, shmflg: 0x0$/,
      ],
    },
  ],
  // With -t rows have a TID instead of a PID.
  filters: { work, of: ({ pid, tid }, context) => (pid ?? tid) === context.pid, expect: 41 },
});

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { Script } from "../support/script.ts";
import { rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";

const JAVA = "/usr/bin/java";
const skip = existsSync("/usr/bin/javac") ? false : "no OpenJDK is installed here";
/** Nothing is collected but when it is asked for: by one thread, in memory that is not used up. */
const COMMAND = [
  JAVA,
  "-XX:+UseSerialGC",
  "-Xms256m",
  "-Xmn128m",
  `${PROJECT}tests/support/java/Collections.java`,
];

test(
  "javagc shows 13 collections of a process, and none that were faster than -t",
  { skip },
  async () => {
    await using program = await Script.of(COMMAND);
    const pid = String(program.pid);
    await using tool = await startTool("javagc", "--json", "-p", pid);
    await using slow = await startTool("javagc", "--json", "-p", pid, "-t", "600000000");
    await using table = await startTool("javagc");
    await program.go();
    const rows = rowsOf<{ pid: number; gc_time_us: number }>(await stopTool(tool));
    assert.deepEqual(rows.map(({ pid }) => pid), Array(13).fill(program.pid));
    assert.ok(rows.every(({ gc_time_us }) => gc_time_us > 0));
    assert.deepEqual(rowsOf(await stopTool(slow)), []);
    const { stdout } = await stopTool(table);
    assert.match(
      stdout,
      /^Tracing javagc time\.\.\. Hit Ctrl-C to end\.\nTIME {5}CPU {5}PID {5}GC TIME$/m,
    );
    assert.match(stdout, new RegExp(`^\\d\\d:\\d\\d:\\d\\d \\d+ +${pid} +\\d+ *$`, "m"));
  },
);

test("javagc refuses a process that runs no Java in one sentence", async () => {
  const { status, stdout, stderr } = await runTool("javagc", "-p", String(process.pid));
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(
    stderr,
    /^javagc: Cannot trace process \d+: it runs no Java: there is no libjvm\.so in its memory\n$/,
  );
});

/**
 * Tools whose output is closed or cannot be written print one sentence and end with status 1: the same for
 * events, reports and texts.
 */
// Not in guests: it is about files.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Result, Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { startTool, toolCommand } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

const TOOLS = {
  events: ["opensnoop", "--duration", "0.05"],
  reports: ["syscount", "--duration", "0.05"],
  texts: ["syscount", "--help"],
} as const;

const FULL = "No space left on device (ENOSPC): the file system or device is full: " +
  "free space, or write elsewhere";
const CLOSED = "Bad file descriptor (EBADF)";
const DISCARD = "for no output redirect it to /dev/null";

const REDIRECTIONS: Readonly<Record<string, string | undefined>> = {
  ">/dev/full": FULL,
  "1</dev/null": `${CLOSED}: it is not open for writing: ${DISCARD}`,
  // Deno opens /dev/null in place of a closed standard output.
  ">&-": "Bun" in globalThis ? `${CLOSED}: it was closed from the start: ${DISCARD}` : undefined,
  ">/dev/null": undefined,
};

/** The status and the messages about writing, without those about dropped events on a busy machine. */
const saidOf = ({ status, stderr }: Result) => [status, ...stderr.match(/^.*Cannot.*$/gm) ?? []];

/** Runs a tool by a line of shell, in which "$@" is its command. */
function runAs(line: string, [name, ...args]: readonly string[]) {
  return Running.start(["bash", "-c", line, "bash", ...toolCommand(name!), ...args]).result;
}

for (const [what, command] of Object.entries(TOOLS)) {
  const title = `${what} that cannot be written are told`;
  test(title, { skip: requires(title, "speed") }, async () => {
    await Promise.all(
      Object.entries(REDIRECTIONS).map(async ([redirection, reason]) => {
        const result = await runAs(`exec "$@" ${redirection}`, command);
        const sentence = `${command[0]}: Cannot write to standard output: ${reason}`;
        assert.deepEqual(saidOf(result), reason ? [1, sentence] : [0], redirection);
      }),
    );
  });
}

const UNSEEN = "Cannot write to standard output: Broken pipe (EPIPE): " +
  "its reader ended before it saw anything";

test("a reader that ends before the report is told, one that has seen events is not", async () => {
  await Promise.all([
    (async () => {
      await using reports = await startTool("syscount");
      await reports.find("stdout", /^Tracing syscalls/);
      reports.closeOutput();
      assert.deepEqual(saidOf(await reports.result), [1, `syscount: ${UNSEEN}`]);
    })(),
    (async () => {
      await using again = await startTool("syscount", "--interval", "0.05");
      await again.find("stdout", /^SYSCALL[^]*^SYSCALL/m);
      again.closeOutput();
      assert.deepEqual(saidOf(await again.result), [0]);
    })(),
    (async () => {
      await using events = await startTool("opensnoop");
      await events.find("stdout", /^PID/);
      events.closeOutput();
      assert.deepEqual(saidOf(await events.result), [0]);
    })(),
  ]);
});

test("files of stacks that cannot be written or read are told, and FIFOs not waited for", async () => {
  using folder = new Folder();
  // Of this idle process only: resolving the stacks of the whole machine takes long.
  const command = ["profile", "-K", "-p", `${process.pid}`, "--duration", "0.05", "--svg"];
  const [fifo, full, earlier, compared] = await Promise.all([
    runAs(`mkfifo ${folder.path}/fifo && exec "$@" ${folder.path}/fifo`, command),
    runAs(
      `exec unshare -m sh -c 'mount -t tmpfs -o size=32k none ${folder.path} &&
      { cat /dev/zero >${folder.path}/used; exec "$@"; }' sh "$@" ${folder.path}/a.svg`,
      command,
    ),
    runAs(
      `mkfifo ${folder.path}/old && exec "$@" ${folder.path}/b.svg --compare ${folder.path}/old`,
      command,
    ),
    runAs(`"$@" ${folder.path}/c.svg --compare <(echo 'main;work 7')`, command),
  ]);
  assert.deepEqual(saidOf(fifo), [
    1,
    `profile: Cannot write to "${folder.path}/fifo": No such device or address (ENXIO): ` +
    "it is a FIFO that nobody reads: start its reader first",
  ]);
  assert.deepEqual(saidOf(earlier), [
    1,
    `profile: Cannot read "${folder.path}/old": Broken pipe (EPIPE): nobody writes this FIFO`,
  ]);
  assert.deepEqual(saidOf(compared), [0]);
  assert.match(compared.stdout, /c\.svg: \d+ samples, before: 7\n$/);
  assert.deepEqual(saidOf(full), [1, `profile: Cannot write to "${folder.path}/a.svg": ${FULL}`]);
});

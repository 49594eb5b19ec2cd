import { defineCases, type Job, times, type Work } from "../../tests/support/cases.ts";
import { buildProgram } from "../../tests/support/build.ts";
import { Mirror } from "../../tests/support/raid.ts";
import { Script } from "../../tests/support/script.ts";

/** Runs steps of file_io.c on a new RAID 1 device, whose name is `{mirror}` in rows. */
const onMirror = (...steps: string[]): Work => ({
  async start(): Promise<Job> {
    const mirror = new Mirror();
    const stack = new AsyncDisposableStack();
    stack.use(mirror);
    try {
      const command = [buildProgram("file_io.c"), `open=${mirror.path}:1`, ...steps];
      const script = stack.use(await Script.of(command));
      return {
        pid: script.pid,
        names: { mirror: mirror.name },
        go: () => script.go(),
        [Symbol.asyncDispose]: () => stack.disposeAsync(),
      };
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  },
});

const work = onMirror("pwrite=3", "fsync=13");
const requires = ["modules"] as const;

export default defineCases({
  usage: { names: "-h --help --json" },
  cases: [
    {
      name: "shows 13 flushes of a mirror",
      canary: true,
      requires,
      work,
      rows: times(13, { comm: "file_io", device: "{mirror}" }),
    },
    {
      name: "prints bcc's table",
      canary: true,
      requires: [...requires, "full"],
      work,
      lines: [
        /^Tracing md flush requests\.\.\. Hit Ctrl-C to end\.$/,
        /^TIME {5}PID {5}COMM {13}DEVICE$/,
        /^\d\d:\d\d:\d\d {pid} +file_io {10}{mirror}$/,
      ],
    },
  ],
  filters: { requires: [...requires, "full"], work, expect: 13 },
});

/**
 * ttysnoop: show what processes write to a terminal, such as a shell's.
 *
 * USAGE: ttysnoop [-C] [-s DATASIZE] [-c DATACOUNT] [-p PID] [-d SECONDS] [-b PAGES] [--json] device
 *
 *     # ttysnoop 2
 *     $ date
 *     Sun Nov 29 11:31:34 UTC 2026
 *     $ ls tools | head -2
 *     argdist
 *     bindsnoop
 *
 * The device is a path, or the number of a pseudo terminal: 2 for /dev/pts/2. What is written is printed as
 * it is, with the control sequences that move the cursor of the other terminal and now yours; --json has
 * them escaped, with the process. Of one write DATASIZE times DATACOUNT bytes are shown, 4096 by default;
 * what is cut is counted.
 *
 * What a user types is seen if the program or its line editor writes it, as shells do, not what the kernel
 * echoes by itself. Only that terminal is meant, also where programs open it as /dev/tty; bcc's tool takes
 * the terminals of that number in all containers.
 *
 * Hooks: tracepoints syscalls/sys_{enter,exit}_{write,writev}. Not seen are 32 bit programs on a 64 bit
 * kernel, io_uring, splice and sendfile, and what the kernel itself writes to a console.
 */

import { encodeText, type Infer, struct, textRest } from "../../mod.ts";
import { argument, flag, number, text, UsageError } from "../../toolkit/options/options.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import { main } from "../../toolkit/run/main.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { isTerminal, STDOUT } from "../../plumbing.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import { kernelDevice } from "./device.ts";
import object from "./ttysnoop.bpf.o.ts";

const SIZE = 256;
const COUNT = 16;
const CLEAR = "\x1b[H\x1b[2J";

const options = {
  noClear: flag({ short: "C", long: "noclear", help: "don't clear the screen" }),
  dataSize: number({
    short: "s",
    long: "datasize",
    meta: "DATASIZE",
    help: `size of the transmitting buffer (default ${SIZE})`,
    what: "a size in bytes",
    min: 1,
    max: 16384,
  }),
  dataCount: number({
    short: "c",
    long: "datacount",
    meta: "DATACOUNT",
    help: `number of times we check for 'data-size' data (default ${COUNT})`,
    what: "a number of buffers",
    min: 1,
    max: 64,
  }),
  device: argument(text({
    long: "device",
    meta: "device",
    help: "path to a tty device (eg, /dev/tty0) or pts number",
  })),
  pid: filterOptions.pid,
  ...containerOptions,
  ...eventOptions,
} as const;

const Event = struct("event", { who: Who, data: textRest() });
type Event = Infer<typeof Event>;

/** The globals that select the terminal. @throws {UsageError} */
function terminal(device: string | undefined, machine: Machine): Record<string, unknown> {
  if (device === undefined) {
    throw new UsageError("expected a path to a tty device, or a pts number");
  }
  const path = device.startsWith("/") ? device : `/dev/pts/${device.replace(/^pts\//, "")}`;
  const found = machine.characterDevice(path);
  if (!found) throw new UsageError(`there is no terminal ${path}`);
  const tty = kernelDevice(found.rdev);
  return {
    target_tty: tty.number,
    is_pseudo: tty.major >= 136 && tty.major <= 143, // UNIX98_PTY_SLAVE_MAJOR and the following
    target_inode: found.ino,
    target_device: kernelDevice(found.dev).number,
  };
}

/** Returns a function that decodes the data of events; a character may span two events. */
function texts(clear: boolean): (event: Event) => string {
  const decoder = new TextDecoder();
  let isFirst = true;
  return ({ data }) => {
    const text = decoder.decode(encodeText(data), { stream: true });
    const before = isFirst && clear && isTerminal(STDOUT) ? CLEAR : "";
    isFirst = false;
    return before + text;
  };
}

const ttysnoop = defineTool({
  name: "ttysnoop",
  summary: "Show what processes write to a terminal, such as a shell's.",
  examples: [
    ["ttysnoop /dev/pts/2", "snoop output from /dev/pts/2"],
    ["ttysnoop 2", "snoop output from /dev/pts/2 (shortcut)"],
    ["ttysnoop /dev/console", "snoop output from the system console"],
    ["ttysnoop /dev/tty0", "snoop output from /dev/tty0"],
    ["ttysnoop /dev/pts/2 -s 1024", "with a data size of 1024"],
    ["ttysnoop /dev/pts/2 -c 2", "with 2 checks for 256 bytes of data in a write"],
  ],
  object,
  options,
  sample: ["/dev/console"],
  permissions: "all",
  plan(values, machine) {
    const { dataSize = SIZE, dataCount = COUNT } = values;
    const own = {
      ...terminal(values.device, machine),
      data_size: dataSize,
      data_count: dataCount,
    };
    return eventPlan<Event>(Event, {
      load: filterSettings(values, own),
      raw: texts(!values.noClear),
      truncated: {
        global: "truncated_bytes",
        what: "bytes",
        reason: "a write had more than is shown of one: raise -s/--datasize or -c/--datacount",
      },
      columns: [
        { head: "PID", value: ({ who }) => who.pid },
        { head: "COMM", value: ({ who }) => who.comm },
        { head: "DATA", value: ({ data }) => data },
      ],
    });
  },
});

export default ttysnoop;

if (import.meta.main) await main(ttysnoop);

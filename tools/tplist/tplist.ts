/**
 * tplist: list kernel tracepoints or USDT probes, and their formats.
 *
 * USAGE: tplist [-p PID] [-l LIB] [-v] [--json] [filter]
 *
 *     # tplist -v sched:sched_process_fork
 *     sched:sched_process_fork
 *         __data_loc char[] parent_comm;
 *         pid_t parent_pid;
 *         __data_loc char[] child_comm;
 *         pid_t child_pid;
 *
 * Hooks: none, and no program is loaded: tracepoints and their fields are read from tracefs, probes
 * from the files themselves. The filter is one of the shell: `*`, `?`, `[abc]`. It is an error if
 * nothing matches, but not that a process (-p alone) has no probes, which is told on stderr.
 */

import {
  exists,
  findFile,
  tracepointFields,
  tracepoints,
  type UsdtArgument,
  type UsdtLocation,
  type UsdtProbe,
  usdtProbes,
} from "../../mod.ts";
import { type Operand, parseOperand } from "../../plumbing.ts";
import { complain } from "../../toolkit/output/complain.ts";
import { escapeText, toJson } from "../../toolkit/output/escape.ts";
import { main } from "../../toolkit/run/main.ts";
import { argument, type Option, text, type Values } from "../../toolkit/options/options.ts";
import { filterOptions, standardOptions } from "../../toolkit/options/standard_options.ts";
import { wildcards } from "../../toolkit/probes/patterns.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import type { RecordShape } from "../../toolkit/records/record_shape.ts";

const options = {
  pid: { ...filterOptions.pid, help: "list USDT probes in the specified process" },
  lib: text({
    short: "l",
    long: "lib",
    meta: "LIB",
    help: "list USDT probes in the specified library or executable",
  }),
  verbosity: {
    short: "v",
    long: "verbose",
    help: "increase verbosity level (print variables, arguments, etc.); twice for places",
    initial: 0,
    parse: (_, before) => before + 1,
  } satisfies Option<number> as Option<number>,
  filter: argument(text({
    long: "filter",
    meta: "filter",
    help: "a filter that specifies which probes/tracepoints to print",
  })),
  json: standardOptions.json,
  jsonSchema: standardOptions.jsonSchema,
  help: standardOptions.help,
  version: standardOptions.version,
} as const;
type Settings = Values<typeof options>;

function tracepointLines({ filter = "*", verbosity, json }: Settings): string[] {
  const wanted = wildcards(filter);
  const names = tracepoints(/./).map((name) => name.replace("/", ":"));
  return names.filter((name) => wanted.test(name)).sort().flatMap((name) => {
    const fields = verbosity > 0 ? tracepointFields(name.replace(":", "/")) : undefined;
    if (json) return [toJson({ record: "tracepoint", tracepoint: name, fields })];
    return [name, ...(fields ?? []).map((field) => `    ${field.type} ${field.name};`)];
  });
}

/** The probes of a file, or of all files mapped by a process. @throws {Error} */
function probesOf({ pid, lib }: Settings): UsdtProbe[] {
  if (pid !== undefined && !exists(`/proc/${pid}`)) {
    throw new Error(`Cannot list USDT probes: process ${pid} does not exist`);
  }
  if (lib === undefined) return usdtProbes({ pid: pid! });
  const path = findFile(lib, pid);
  if (path !== undefined) return usdtProbes({ path });
  throw new Error(
    `Cannot list USDT probes: there is no file "${lib}": expected a path, a library that the ` +
      "dynamic linker knows (ldconfig -p), or a program in PATH",
  );
}

function probeLines(settings: Settings): string[] {
  const wanted = wildcards(settings.filter ?? "*");
  return probesOf(settings)
    .filter(({ provider, name }) => wanted.test(`${provider}:${name}`))
    .flatMap((probe) => settings.json ? [probeRecord(probe)] : probeText(probe, settings));
}

/** The file's path as the process sees it. */
const pathOf = ({ path }: UsdtProbe) => path.replace(/^\/proc\/\d+\/root(?=\/)/, "");
const hex = (address = 0) => `0x${address.toString(16)}`;

function probeRecord(probe: UsdtProbe): string {
  return toJson({
    record: "usdt",
    path: pathOf(probe),
    probe: `${probe.provider}:${probe.name}`,
    locations: probe.locations.map(({ address, semaphore, arguments: args }) => ({
      address: hex(address),
      semaphore: semaphore && hex(semaphore.address),
      arguments: args.map(({ type, operand }) => ({ type, operand })),
    })),
  });
}

function probeText(probe: UsdtProbe, { verbosity }: Settings): string[] {
  const { provider, name, locations } = probe;
  if (verbosity === 0) return [`${pathOf(probe)} ${provider}:${name}`];
  const heading = `${provider}:${name} [sema ${hex(locations[0]!.semaphore?.address)}]`;
  if (verbosity > 1) return [heading, ...locations.flatMap(locationText(pathOf(probe)))];
  const size = locations[0]!.arguments.length;
  return [heading, `  ${locations.length} location(s)`, `  ${size} argument(s)`];
}

const locationText = (path: string) => (location: UsdtLocation, index: number): string[] => [
  `  location #${index + 1} ${path} ${hex(location.address)}`,
  ...location.arguments.map((argument, i) => `    argument #${i + 1} ${argumentText(argument)}`),
];

function argumentText({ size, signed, operand }: UsdtArgument): string {
  const text = operandText(parseOperand(operand)) ?? operand;
  return `${size} ${signed ? "signed  " : "unsigned"} bytes @ ${text}`;
}

/** An argument's operand as bcc's tool prints it: `*(bp - 8)`; undefined if it has no such form. */
function operandText(operand: Operand | undefined): string | undefined {
  if (operand?.kind === "constant") return String(operand.value);
  // The kernel's pt_regs names whole registers only: there is no name for %ah.
  if (operand?.kind === "register") {
    return operand.register.shift ? undefined : operand.register.field;
  }
  if (operand === undefined || operand.symbol !== undefined && operand.registers.length > 0) {
    return undefined;
  }
  const { offset, symbol, registers: [base, index] } = operand;
  const start = symbol === undefined ? base?.register.field : `&${symbol}`;
  if (start === undefined) return undefined;
  const shift = `${offset < 0n ? "-" : "+"} ${offset < 0n ? -offset : offset}`;
  const factor = index && index.factor !== 1 ? ` * ${index.factor}` : "";
  return `*(${start} ${shift}${index ? ` + ${index.register.field}${factor}` : ""})`;
}

const isWholeProcess = ({ pid, lib, filter }: Settings) =>
  pid !== undefined && lib === undefined && filter === undefined;

function nothing({ filter, pid, lib }: Settings): Error {
  const matching = filter === undefined ? "" : ` that match "${filter}"`;
  const place = [lib && `"${lib}"`, pid && `process ${pid}`].filter(Boolean).join(" of ");
  return new Error(
    place
      ? `There are no USDT probes${matching} in ${place}: readelf -n shows those of a file`
      : `There are no tracepoints${matching} in this kernel: tplist without a filter lists all`,
  );
}

const RECORDS: readonly RecordShape[] = [
  {
    kind: "tracepoint",
    members: { tracepoint: "text", "fields?": "any" },
  },
  {
    kind: "usdt",
    members: {
      path: "text",
      probe: "text",
      locations: [{
        address: "text",
        "semaphore?": "text",
        arguments: [{ type: "text", operand: "text" }],
      }],
    },
  },
];

const tplist = defineTool({
  name: "tplist",
  summary: "Display kernel tracepoints or USDT probes and their formats.",
  examples: [
    ["tplist", "list all tracepoints"],
    ["tplist 'block:*'", "those of block I/O"],
    ["tplist -v sched:sched_switch", "with its fields"],
    ["tplist -l ruby-3.1", "list USDT probes of a library"],
    ["tplist -p 185", "list USDT probes of all files that process 185 runs"],
    ["tplist -vv -l stdc++ '*throw'", "with places and arguments"],
  ],
  options,
  sample: false, // it prints and ends
  plan(values) {
    const isUser = values.pid !== undefined || values.lib !== undefined;
    return {
      records: RECORDS,
      text() {
        const lines = isUser ? probeLines(values) : tracepointLines(values);
        if (lines.length === 0) {
          // Most processes have no USDT probes: as in bcc's tool the exit status is 0.
          if (!isWholeProcess(values)) throw nothing(values);
          complain("tplist", nothing(values).message);
          return "";
        }
        return (values.json ? lines : lines.map(escapeText)).join("\n");
      },
    };
  },
});

export default tplist;

if (import.meta.main) await main(tplist);

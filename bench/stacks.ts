import { existsSync, readdirSync } from "node:fs";
import {
  builtPath,
  type Circumstances,
  ourCommand,
  type Question,
  type Subject,
} from "./question.ts";
import { TREE } from "../tests/vm/suite.ts";

/**
 * Samples a second of each CPU: for measuring the report, and for measuring the cost of a sample.
 */
const [OFTEN, USUAL] = ["1999", "99"];
/** Each run samples ten seconds of CPU time, and makes a report of it. */
const MOST_RUNS = 3;
const LIBRARIES = "/usr/lib/x86_64-linux-gnu";

/** A profiler of user stacks. */
interface Profiler {
  readonly name: string;
  /** The text it prints when it is ready. */
  readonly ready: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** The path of a large library, which the processes map in addition. */
function largeLibrary(): string {
  const found = readdirSync(LIBRARIES).find((name) => /^libLLVM-\d+\.so\.1$/.test(name));
  return `${LIBRARIES}/${found ?? "libc.so.6"}`;
}

const READY = { TSBCC_READY: "1" };

/** Our profiler: from source, and from the executable of all tools if install.sh built it. */
function ours(hertz: string, ...more: string[]): Profiler[] {
  const script = `${TREE}/tools/profile/profile.ts`;
  const args = ["-F", hertz, "-U", "-p", "@PIDS", ...more];
  const tsBcc = builtPath("bun/ts-bcc");
  const rest = { ready: "ready", environment: READY };
  return [
    ...existsSync(tsBcc)
      ? [{ name: "Bun, executable", command: [tsBcc, "profile", ...args], ...rest }]
      : [],
    { name: "Deno, run", command: [...ourCommand("Deno", script), ...args], ...rest },
    { name: "Bun, run", command: [...ourCommand("Bun", script), ...args], ...rest },
  ];
}

function peers(hertz: string, { headers }: Circumstances): Profiler[] {
  const python = ["-F", hertz, "-U", "-p", "@PIDS", "--stack-storage-size", "65536"];
  const program = `profile:hz:${hertz} /comm == "stacks_load"/ { @[ustack, pid, comm] = count(); }`;
  return [
    {
      name: "Python",
      ready: "Sampling",
      command: ["/usr/bin/python3", "/usr/sbin/profile-bpfcc", ...python],
      environment: { ...headers, PYTHONUNBUFFERED: "1" },
    },
    {
      name: "bpftrace",
      ready: "Attaching",
      command: ["/usr/bin/bpftrace", "-e", program],
      environment: { BPFTRACE_MAP_KEYS_MAX: "65536" },
    },
  ];
}

/** perf: records samples, and resolves symbols afterwards. */
function perf(hertz: string): Profiler {
  const data = builtPath("perf.data");
  const record = `echo ready; exec perf record -q -F ${hertz} -e cpu-clock -g -p "$1" -o "$2"`;
  return {
    name: "perf",
    ready: "ready",
    command: [
      ...["sh", "-c", record, "sh", "@PIDS", data],
      ...["--then", "perf", "script", "-i", data],
    ],
  };
}

const subject = (work: string, seconds: string) => (profiler: Profiler): Subject => ({
  name: profiler.name,
  work,
  command: [
    ...[builtPath("stacks_report"), seconds, profiler.ready],
    ...[builtPath("stacks_load"), builtPath("many_functions.so"), largeLibrary(), "--"],
    ...profiler.command,
  ],
  environment: profiler.environment ?? {},
});

/** The cost of a report of 5,000 different stacks of 20 processes. */
export const stacksReport: Question = {
  title: "profile, 5,000 stacks of 20 processes",
  figures: {
    "report, ms": "less",
    "report, CPU ms": "less",
    "in all, CPU ms": "less",
    "at most, MiB": "less",
    "stacks": "more",
  },
  quickRuns: 1,
  mostRuns: MOST_RUNS,
  subjects: (circumstances) =>
    [...ours(OFTEN), ...peers(OFTEN, circumstances), perf(OFTEN)]
      .map(subject("150,000 functions and a perf-map of 300,000 lines", "10")),
};

/** The cost of one sample for the sampled process, unwinding by tables and by frame pointers. */
export const stacksSample: Question = {
  title: "profile at 99 Hertz",
  figures: { "a sample, ns": "less" },
  quickRuns: 1,
  mostRuns: MOST_RUNS,
  subjects(circumstances) {
    const seconds = circumstances.quick ? "5" : "20";
    const [first] = ours(USUAL);
    const [pointers] = ours(USUAL, "--stack-walk", "fp");
    return [
      first!,
      { ...pointers!, name: "the same by frame pointers" },
      ...peers(USUAL, circumstances),
    ]
      .map(subject("stacks of 24 frames", seconds));
  },
};

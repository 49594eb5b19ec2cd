/**
 * The types of a benchmark: a question, the subjects that are compared, and the figures of each.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runtimePath, TREE } from "../tests/vm/suite.ts";

/** One of the commands that are compared; its first line of output has its figures as JSON. */
export interface Subject {
  /** The column of the report: `Deno`, `C` … */
  readonly name: string;
  /** The work it does, if the question has several. */
  readonly work?: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Figures that need no run, such as a file's size. */
  readonly known?: Figures;
}

/** Measured numbers by their labels. */
export type Figures = Readonly<Record<string, number>>;

/** Settings of this run of the benchmarks. */
export interface Circumstances {
  /** Less work in each run. */
  readonly quick: boolean;
  /** Environment variables that name kernel headers for Python bcc. */
  readonly headers: Readonly<Record<string, string>>;
  /** A folder with the opensnoop executable of another build, which is compared as a peer. */
  readonly before?: string;
}

/** Whether a subject is ours; all others are peers. */
export const isOurs = (name: string): boolean => /^(Deno|Bun)/.test(name);

/** One benchmark. */
export interface Question {
  readonly title: string;
  /** The figures that count, and whether more or less of them is better. */
  readonly figures: Readonly<Record<string, "more" | "less">>;
  /** Runs of every subject with `--quick`. */
  readonly quickRuns: number;
  /** The most runs of each subject, whatever `--runs` says, for questions whose runs take long. */
  readonly mostRuns?: number;
  subjects(circumstances: Circumstances): Subject[];
}

const subjectPath = (file: string) => fileURLToPath(new URL(`subjects/${file}`, import.meta.url));

/** The path of a file that install.sh built. */
export const builtPath = (name: string): string => `${TREE}/.tools/bench/${name}`;

/** The command that runs one of our scripts under Deno or Bun. */
export function ourCommand(runtime: "Deno" | "Bun", path: string): string[] {
  return runtime === "Deno"
    ? [runtimePath("deno"), "run", "--allow-all", "--no-check", path]
    : [runtimePath("bun"), "run", path];
}

/**
 * The command that runs a subject: under a runtime with our library, in C with libbpf, or in Python
 * with Debian's bcc.
 */
export function subjectCommand(name: "Deno" | "Bun" | "C" | "Python", script: string): string[] {
  if (name === "C") return [builtPath(script)];
  if (name === "Python") return ["/usr/bin/python3", subjectPath(`${script}.py`)];
  return ourCommand(name, subjectPath(`${script}.ts`));
}

/** A tracer of opens. */
export interface Tracer {
  readonly name: string;
  /** `@PID` stands for the process to trace. */
  readonly command: readonly string[];
  /** The command that makes it print each event at once, if `command` buffers. */
  readonly prompt?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The file that a user has to download, if it is one file. */
  readonly file?: string;
}

/** The executable of all tools, which compiles one-liners. */
const TS_BCC = builtPath("bun/ts-bcc");
const ONE_LINER = 'tracepoint("syscalls/sys_enter_openat", (e) => ' +
  "print(`${pid()} ${comm()} ${userString(e.filename, 256)}`))";

/** All tracers of opens that are installed. */
export function tracers({ headers, before }: Circumstances): Tracer[] {
  const arguments_ = ["-p", "@PID"];
  const script = `${TREE}/tools/opensnoop/opensnoop.ts`;
  const c = ["/usr/sbin/opensnoop", ...arguments_];
  const python = ["/usr/bin/python3", subjectPath("opensnoop.py"), "@PID"];
  const bpftrace = [subjectPath("opensnoop.bt"), "@PID"];
  const compiled = ["Deno", "Bun"].map((name) => {
    const file = builtPath(`${name.toLowerCase()}/opensnoop`);
    return { name: `${name}, executable`, command: [file, ...arguments_], file };
  });
  return [
    ...compiled.filter(({ file }) => existsSync(file)),
    ...before === undefined ? [] : [otherBuild(`${before}/opensnoop`, arguments_)],
    ...existsSync(TS_BCC)
      ? [{
        name: "Bun, ts-bcc run -e",
        command: [TS_BCC, "run", ...arguments_, "-e", ONE_LINER],
        file: TS_BCC,
      }]
      : [],
    { name: "Deno, run", command: [...ourCommand("Deno", script), ...arguments_] },
    { name: "Bun, run", command: [...ourCommand("Bun", script), ...arguments_] },
    { name: "C", command: c, prompt: ["stdbuf", "-oL", ...c], file: "/usr/sbin/opensnoop" },
    {
      name: "Python",
      command: python,
      prompt: ["/usr/bin/env", "PYTHONUNBUFFERED=1", ...python],
      environment: headers,
    },
    {
      name: "bpftrace",
      command: ["/usr/bin/bpftrace", ...bpftrace],
      prompt: ["/usr/bin/bpftrace", "-B", "line", ...bpftrace],
    },
  ];
}

/** The executable of another build, as a peer. */
const otherBuild = (file: string, args: readonly string[]): Tracer => ({
  name: "before",
  command: [file, ...args],
  file,
});

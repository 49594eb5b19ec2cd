import { builtPath, type Question, subjectCommand } from "./question.ts";

const PROGRAMS = [
  // An empty program: the cost of the measurement itself, which all other programs include.
  "nothing",
  "counter",
  "filter",
  "count_by_comm",
  "count_by_number",
  "histogram",
  "emit",
  "latency",
  "arithmetic",
  "loop",
  "task",
];

/** Run time and size of ten programs: in TypeScript by our compiler, and in C by clang. */
export const kernelCode: Question = {
  title: "Kernel code at work, by its own time and size",
  figures: { "ns a run": "less", instructions: "less" },
  quickRuns: 3,
  subjects: () =>
    PROGRAMS.flatMap((work) => [
      { name: "Bun", work, command: [...subjectCommand("Bun", "kernel_code"), work, "typescript"] },
      {
        name: "clang -O2",
        work,
        command: [...subjectCommand("Bun", "kernel_code"), work, builtPath("kernel_code.o")],
      },
    ]),
};

/** The CPU time to compile a program of opensnoop's size, for the first time and later. */
export const compileKernelCode: Question = {
  title: "Kernel code of opensnoop's size, from its text to instructions",
  figures: { "cold, ms of CPU": "less", "warm, ms of CPU": "less" },
  quickRuns: 3,
  subjects: () => [
    ...(["Deno", "Bun"] as const).map((name) => ({
      name,
      command: subjectCommand(name, "compile_kernel_code"),
    })),
    { name: "Bun, executable", command: [builtPath("compile_kernel_code")] },
  ],
};

import { builtPath, type Question, subjectCommand } from "./question.ts";

const PROGRAMS = [
  // What the measuring itself takes, in all that follow as well.
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

/** What our compiler makes of ten programs in TypeScript, and clang of the same in C, at work. */
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

/** What compiling a program of opensnoop's size takes, at first and later. */
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

import { type Question, subjectCommand } from "./question.ts";

/** The time from a C program's source text to its attached probe. */
export const compile: Question = {
  title: "A program of bcc's, from its text to its probe",
  figures: { "to attached, ms": "less", "from start, ms": "less", "at most, MiB": "less" },
  quickRuns: 1,
  subjects: ({ headers: environment }) => [
    { name: "Deno, BTF", command: [...subjectCommand("Deno", "compile"), "btf"] },
    { name: "Bun, BTF", command: [...subjectCommand("Bun", "compile"), "btf"] },
    {
      name: "Deno, headers",
      command: [...subjectCommand("Deno", "compile"), "system"],
      environment,
    },
    { name: "Bun, headers", command: [...subjectCommand("Bun", "compile"), "system"], environment },
    { name: "Python, headers", command: subjectCommand("Python", "compile"), environment },
  ],
};

/**
 * From a program's text to its attached probe, beside Python bcc: time and memory.
 *
 *     sudo deno run -A bench/compile.ts [RUNS]
 */
import { debianHeaders } from "./headers.ts";
import { measure, printTable, type Subject, subjectCommand } from "./support.ts";

using headers = debianHeaders();
const { environment } = headers;
const subjects: Subject[] = [
  { name: "Deno, BTF", command: [...subjectCommand("deno", "compile"), "btf"] },
  { name: "Bun, BTF", command: [...subjectCommand("bun", "compile"), "btf"] },
  { name: "Deno, headers", command: [...subjectCommand("deno", "compile"), "system"], environment },
  { name: "Bun, headers", command: [...subjectCommand("bun", "compile"), "system"], environment },
  { name: "Python, headers", command: subjectCommand("python", "compile"), environment },
];
printTable(await measure(subjects, Number(process.argv[2] ?? 5)));

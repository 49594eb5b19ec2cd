/**
 * Reading events from a perf buffer, beside Python bcc: events per second, and memory.
 *
 *     sudo deno run -A bench/perf_buffer.ts [RUNS]
 *
 * Each subject fills its buffers by calls of its own, and only the reading is timed: every event
 * is decoded, its name included, and handed to a function.
 */
import { debianHeaders } from "./headers.ts";
import { measure, printTable, type Subject, subjectCommand } from "./support.ts";

using headers = debianHeaders();
const subjects: Subject[] = [
  { name: "Deno", command: subjectCommand("deno", "perf_buffer") },
  { name: "Bun", command: subjectCommand("bun", "perf_buffer") },
  {
    name: "Python",
    command: subjectCommand("python", "perf_buffer"),
    environment: headers.environment,
  },
];
printTable(await measure(subjects, Number(process.argv[2] ?? 5)));

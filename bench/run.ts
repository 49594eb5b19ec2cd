/** The command `deno task bench`: measures us and our peers on the same work, in one run. */
import { parseArgs } from "node:util";
import { compile } from "./compile.ts";
import { cost } from "./cost.ts";
import { drain } from "./drain.ts";
import { debianHeaders } from "./headers.ts";
import { compileKernelCode, kernelCode } from "./kernel_code.ts";
import { latency } from "./latency.ts";
import { loss } from "./loss.ts";
import { mapRead } from "./map_read.ts";
import { measure } from "./measure.ts";
import { memory } from "./memory.ts";
import { metrics } from "./metrics.ts";
import { oneLiner } from "./one_liner.ts";
import type { Question } from "./question.ts";
import { type Row, rowsOf, table } from "./report.ts";
import { scale } from "./scale.ts";
import { stacksReport, stacksSample } from "./stacks.ts";
import { start } from "./start.ts";

const RUNS = 5;

const QUESTIONS: Readonly<Record<string, Question>> = {
  drain,
  map: mapRead,
  start,
  latency,
  cost,
  memory,
  compile,
  kernel: kernelCode,
  "kernel-compile": compileKernelCode,
  "one-liner": oneLiner,
  loss,
  metrics,
  scale,
  stacks: stacksReport,
  sample: stacksSample,
};

const USAGE = `Usage: deno task bench [--quick] [--json] [--runs N] [NAME…]
Measures ts-bcc and its peers: ${Object.keys(QUESTIONS).join(", ")}; all when none is named.

  --quick   less work and fewer runs: all of it in under two minutes
  --json    one JSON object instead of tables
  --runs N  runs of everything, whose medians are shown (default: ${RUNS})
`;

const { values, positionals } = parsed();
if (values.help) {
  console.log(USAGE);
  process.exit();
}
try {
  await answer(positionals.length > 0 ? positionals : Object.keys(QUESTIONS));
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

/** The command line; ends with what is wrong with it. */
function parsed() {
  try {
    const words = parseArgs({
      options: {
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        runs: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
      allowPositionals: true,
    });
    const unknown = words.positionals.find((name) => !Object.hasOwn(QUESTIONS, name));
    if (unknown !== undefined) throw new Error(`no benchmark is called "${unknown}"`);
    const { runs } = words.values;
    if (runs !== undefined && !/^[1-9]\d{0,3}$/.test(runs)) {
      throw new Error(`invalid value "${runs}" for --runs: expected a number from 1 to 9999`);
    }
    return words;
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(2);
  }
}

async function answer(names: readonly string[]): Promise<void> {
  const { quick } = values;
  using headers = await debianHeaders();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      headers[Symbol.dispose]();
      process.exit(1);
    });
  }
  const answers: Record<string, { title: string; runs: number; rows: Row[] }> = {};
  for (const name of names) {
    const question = QUESTIONS[name]!;
    const asked = Number(values.runs ?? (quick ? question.quickRuns : RUNS));
    const runs = Math.min(asked, question.mostRuns ?? Infinity);
    const subjects = question.subjects({ quick, headers: headers.environment });
    const rows = rowsOf(question, await measure(subjects, runs));
    answers[name] = { title: question.title, runs, rows };
    if (!values.json) console.log(`${table(question.title, rows)}\n`);
  }
  if (values.json) console.log(JSON.stringify(answers, null, 2));
}

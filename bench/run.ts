/** The command `deno task bench`: measures our code and its peers on the same work, in one run. */
import { existsSync, readFileSync } from "node:fs";
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
import { type Answer, markdown, rowsOf } from "./report.ts";
import { scale } from "./scale.ts";
import { stacksReport, stacksSample } from "./stacks.ts";
import { start } from "./start.ts";

const RUNS = 5;
/** Time limit for one run of a subject; on an idle machine every run takes less. */
const LIMIT_S = 300;

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

const USAGE =
  `Usage: deno task bench [--quick] [--json] [--runs N] [--before DIR] [--limit S] [NAME…] | --tables FILE
Measures ts-bcc and its peers: ${Object.keys(QUESTIONS).join(", ")}; all when none is named.

  --quick   less work, and one run of most
  --json    one JSON object instead of tables
  --runs N  runs of everything, whose medians are shown (default: ${RUNS})
  --before DIR
            measure the opensnoop of another build as well, DIR/opensnoop, in turns with this one
  --limit S
            end a run after S seconds; of a peer it is told below the table (default: ${LIMIT_S})
  --tables FILE
            measure nothing, print the tables of what --json has printed
`;

const { values, positionals } = parsed();
if (values.help) {
  console.log(USAGE);
  process.exit();
}
try {
  if (values.tables !== undefined) printTables(values.tables);
  else await answer(positionals.length > 0 ? positionals : Object.keys(QUESTIONS));
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

/** Parses the command line; exits with a message if it is invalid. */
function parsed() {
  try {
    const words = parseArgs({
      options: {
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        runs: { type: "string" },
        before: { type: "string" },
        limit: { type: "string", default: String(LIMIT_S) },
        tables: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
      allowPositionals: true,
    });
    const unknown = words.positionals.find((name) => !Object.hasOwn(QUESTIONS, name));
    if (unknown !== undefined) throw new Error(`no benchmark is called "${unknown}"`);
    const { runs, limit, before } = words.values;
    for (const [name, value] of Object.entries({ runs, limit })) {
      if (value === undefined || /^[1-9]\d{0,3}$/.test(value)) continue;
      throw new Error(`invalid value "${value}" for --${name}: expected a number from 1 to 9999`);
    }
    if (before !== undefined && !existsSync(`${before}/opensnoop`)) {
      throw new Error(`no executable ${before}/opensnoop for --before: compile.sh -o makes it`);
    }
    return words;
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(2);
  }
}

function printTables(path: string): void {
  const answers = JSON.parse(readFileSync(path, "utf8")) as Record<string, Answer>;
  for (const each of Object.values(answers)) console.log(`${markdown(each)}\n`);
}

async function answer(names: readonly string[]): Promise<void> {
  const { quick, before } = values;
  const headers = await debianHeaders();
  // An exit, so that what is being measured ends as well (measure.ts).
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  const answers: Record<string, Answer> = {};
  for (const name of names) {
    const question = QUESTIONS[name]!;
    const asked = Number(values.runs ?? (quick ? question.quickRuns : RUNS));
    const runs = Math.min(asked, question.mostRuns ?? Infinity);
    const subjects = question.subjects({
      quick,
      headers,
      ...before === undefined ? {} : { before },
    });
    const measured = await measure(subjects, runs, Number(values.limit) * 1000);
    const failures = measured.flatMap(({ failure }) => failure ?? []);
    answers[name] = { title: question.title, runs, rows: rowsOf(question, measured), failures };
    if (!values.json) console.log(`${markdown(answers[name])}\n`);
  }
  if (values.json) console.log(JSON.stringify(answers, null, 2));
}

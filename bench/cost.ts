import { builtPath, type Circumstances, type Question, type Tracer, tracers } from "./question.ts";

/** The number of opens to make, as an argument of tracer.c. */
export const opensOf = ({ quick }: Circumstances): string => quick ? "200000" : "1000000";

/** The cost of tracing opens, for the traced process and for the tracer. */
export const cost: Question = {
  title: "opensnoop, while one process opens files in a tight loop",
  figures: {
    "added, ns": "less",
    "CPU per million, ms": "less",
    "lost, %": "less",
  },
  quickRuns: 1,
  subjects(circumstances) {
    const opens = opensOf(circumstances);
    return tracers(circumstances).flatMap(withJson).map(({ name, command, environment = {} }) => ({
      name,
      command: [builtPath("tracer"), "load", opens, "--", ...command],
      environment,
    }));
  },
};

/** A tracer, and for one of ours under each runtime the same tracer with `--json` as well. */
export function withJson(tracer: Tracer): Tracer[] {
  const { name, command } = tracer;
  if (name !== "Bun, executable" && name !== "Deno, run") return [tracer];
  return [tracer, { name: `${name}, --json`, command: [...command, "--json"] }];
}

import { builtPath, type Question, tracers } from "./question.ts";

/** The time from an event to its row, and what a tracer costs while there are no events. */
export const latency: Question = {
  title: "opensnoop, from an open to its row in a pipe",
  figures: {
    "p50, us": "less",
    "p99, us": "less",
    "idle, us of CPU a second": "less",
    "idle, switches a second": "less",
  },
  quickRuns: 1,
  subjects: (circumstances) =>
    tracers(circumstances).map(({ name, command, prompt, environment = {} }) => ({
      name,
      command: [
        builtPath("tracer"),
        "latency",
        circumstances.quick ? "200" : "400",
        "--",
        ...prompt ?? command,
      ],
      environment,
    })),
};

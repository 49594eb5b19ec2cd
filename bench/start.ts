import { builtPath, type Question, tracers } from "./question.ts";

/** The time from the start of a command to its first event. */
export const start: Question = {
  title: "opensnoop, from its start to its first event",
  figures: { "first event, ms": "less", "CPU until then, ms": "less", "idle CPU, %": "less" },
  quickRuns: 1,
  subjects: (circumstances) =>
    tracers(circumstances).map(({ name, command, prompt, environment = {} }) => ({
      name,
      command: [builtPath("tracer"), "start", "--", ...prompt ?? command],
      environment,
    })),
};

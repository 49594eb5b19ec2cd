import { withJson } from "./cost.ts";
import { builtPath, type Question, tracers } from "./question.ts";

/** The highest rate of events that a tracer shows without loss, with its default buffers. */
export const loss: Question = {
  title: "opensnoop, the highest rate without loss",
  figures: { "events/s without loss": "more" },
  quickRuns: 1,
  subjects: (circumstances) =>
    tracers(circumstances)
      .filter(({ name }) => !circumstances.quick || /executable|before|^C$|Python/.test(name))
      .flatMap(withJson)
      .map(({ name, command, environment = {} }) => ({
        name,
        command: [builtPath("tracer"), "loss", circumstances.quick ? "0.3" : "2", "--", ...command],
        environment,
      })),
};

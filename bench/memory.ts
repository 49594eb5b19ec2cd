import { statSync } from "node:fs";
import { opensOf } from "./cost.ts";
import { builtPath, type Question, tracers } from "./question.ts";

/**
 * Memory of a tracer in the runs of the questions `start` and `cost`: at its first event, a second later, and after a
 * million events; and its size on disk.
 */
export const memory: Question = {
  title: "opensnoop, memory",
  figures: {
    "resident, MiB": "less",
    "proportional, MiB": "less",
    "private, MiB": "less",
    "resident a second later, MiB": "less",
    "proportional a second later, MiB": "less",
    "private a second later, MiB": "less",
    "executable, MB": "less",
  },
  quickRuns: 1,
  subjects(circumstances) {
    const load = ["load", opensOf(circumstances)];
    const works = { "at the first event": ["start"], [`after ${load[1]} events`]: load };
    return Object.entries(works).flatMap(([work, args]) =>
      tracers(circumstances).map(({ name, command, prompt, environment = {}, file }) => ({
        name,
        work,
        command: [
          builtPath("tracer"),
          ...args,
          "--",
          ...(work === "at the first event" && prompt) || command,
        ],
        environment,
        ...file && args[0] === "start"
          ? { known: { "executable, MB": statSync(file).size / 1e6 } }
          : {},
      }))
    );
  },
};

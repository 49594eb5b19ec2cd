import { builtPath, type Question, type Subject, subjectCommand } from "./question.ts";

/** Buffer, event and title of each work, and whether Python bcc does it too. */
const STREAMS = [
  ["ring", "open", "ring buffer, 291 bytes with two strings", true],
  ["ring", "small", "ring buffer, 24 bytes of integers", true],
  ["ring", "tool", "ring buffer, a tool's event with a struct inside", false],
  ["ring", "deep", "ring buffer, 72 bytes of structs and integers in arrays", false],
  ["perf", "open", "perf buffer, 291 bytes with two strings", true],
  ["perf", "small", "perf buffer, 24 bytes of integers", true],
] as const;

const MODES = {
  decoded: "decoded",
  several: "decoded, other structs in use",
  view: "two fields of a view",
  count: "counted",
} as const;

/** The rate at which events that are already in the buffer are read. */
export const drain: Question = {
  title: "Reading events that are there",
  figures: { "M events/s": "more" },
  quickRuns: 1,
  subjects({ quick, headers }) {
    const streams = quick ? [STREAMS[0], STREAMS[2], STREAMS[3]] : STREAMS;
    const modes = Object.entries(MODES).filter(([mode]) => !quick || mode !== "several");
    return streams.flatMap(([buffer, event, work, python]) =>
      modes.flatMap(([mode, how]): Subject[] => {
        const args = [buffer, event];
        const label = `${work}, ${how}`;
        const peersMode = mode === "count" ? "count" : "decoded";
        const object = builtPath("drain.o");
        const subjects: Subject[] = (["Deno", "Bun"] as const).map((name) => ({
          name,
          work: label,
          command: [...subjectCommand(name, "drain"), object, ...args, mode],
        }));
        subjects.push({
          name: "C",
          work: label,
          command: [...subjectCommand("C", "drain"), object, ...args, peersMode],
        });
        if (python && (mode === "decoded" || mode === "count")) {
          subjects.push({
            name: "Python",
            work: label,
            command: [...subjectCommand("Python", "drain"), ...args, peersMode],
            environment: headers,
          });
        }
        return subjects;
      })
    );
  },
};

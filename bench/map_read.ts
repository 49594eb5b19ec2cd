import { builtPath, type Question, type Subject, subjectCommand } from "./question.ts";

/** How fast a hash is read into typed objects. */
export const mapRead: Question = {
  title: "Reading a hash",
  figures: { "M entries/s": "more" },
  quickRuns: 1,
  subjects({ quick, headers }) {
    const entries = quick ? "100000" : "1000000";
    const object = builtPath("map_read.o");
    const work = `${entries} entries`;
    const ours: Subject[] = (["Deno", "Bun"] as const).map((name) => ({
      name,
      work,
      command: [...subjectCommand(name, "map_read"), object, entries],
    }));
    const peers: Subject[] = ["batch", "plain"].flatMap((way) => [
      {
        name: `C, ${way}`,
        work,
        command: [...subjectCommand("C", "map_read"), object, entries, way],
      },
      {
        name: `Python, ${way}`,
        work,
        command: [...subjectCommand("Python", "map_read"), entries, way],
        environment: headers,
      },
    ]);
    return [...ours, ...peers];
  },
};

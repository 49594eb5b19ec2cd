import { builtPath, type Question, type Subject, subjectCommand } from "./question.ts";

/** What is done with all entries of a hash map, and the subjects' arguments for it. */
const WORKS = {
  "read": { ours: "read", peers: ["batch", "plain"] },
  "two views": { ours: "view", peers: ["batch"] },
  "read and removed": { ours: "take", peers: ["take"] },
  "looked up by key": { ours: "get", peers: ["get"] },
  "one value per CPU": { ours: "per-cpu", peers: ["per-cpu"] },
} as const;

/** The rate at which a hash map is read into typed objects. */
export const mapRead: Question = {
  title: "Reading a hash",
  figures: { "M entries/s": "more" },
  quickRuns: 1,
  subjects({ quick, headers }) {
    const entries = quick ? "100000" : "1000000";
    const object = builtPath("map_read.o");
    return Object.entries(WORKS).flatMap(([what, { ours, peers }]) => {
      const work = `${entries} entries, ${what}`;
      const mine: Subject[] = (["Deno", "Bun"] as const).map((name) => ({
        name,
        work,
        command: [...subjectCommand(name, "map_read"), object, entries, ours],
      }));
      const theirs: Subject[] = peers.flatMap((way) => {
        const plain = way === "plain" ? ", plain" : "";
        return [
          {
            name: `C${plain}`,
            work,
            command: [...subjectCommand("C", "map_read"), object, entries, way],
          },
          {
            name: `Python${plain}`,
            work,
            command: [...subjectCommand("Python", "map_read"), entries, way],
            environment: headers,
          },
        ];
      });
      return [...mine, ...theirs];
    });
  },
};

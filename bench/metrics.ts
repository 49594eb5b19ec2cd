import { type Question, subjectCommand } from "./question.ts";

const LABELS = 10_000;

/** The cost of counting events for Prometheus with many label values, and of a scrape. */
export const metrics: Question = {
  title: "Metrics",
  figures: {
    "M events/s": "more",
    "scrape, ms": "less",
    "scrape, KiB": "less",
    "heap growth, MiB": "less",
  },
  quickRuns: 1,
  subjects({ quick }) {
    const events = quick ? "1000000" : "10000000";
    return (["Deno", "Bun"] as const).map((name) => ({
      name,
      work: `${events} events with ${LABELS} label values`,
      command: [...subjectCommand(name, "metrics"), events, String(LABELS)],
    }));
  },
};

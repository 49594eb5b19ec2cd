import { fileURLToPath } from "node:url";
import { builtPath, ourCommand, type Question, type Subject, subjectCommand } from "./question.ts";

const file = (name: string) => fileURLToPath(new URL(`subjects/${name}`, import.meta.url));
const TS_BCC = builtPath("bun/ts-bcc");
const BUILT = builtPath("");

/** The counts to measure with, by kind of work. */
const STEPS = {
  functions: [100, 1000, 10_000],
  allocations: [10_000, 100_000, 1_000_000],
  keys: [10_000, 100_000, 1_000_000],
  machine: [20, 200, 2000],
} as const;
/** The most functions for peers: detaching one takes the kernel 0.1 s, and bcc's funccount refuses more than 1000. */
const MOST_OF_PEERS = { quick: 100, all: 1000 } as const;

/** How the cost grows with the amount of work: with linear cost the figure "CPU for each" stays the same. */
export const scale: Question = {
  title: "Many of everything",
  figures: {
    "to ready, ms": "less",
    "report and end, ms": "less",
    "whole run, ms": "less",
    "CPU for each, us": "less",
    "at most, MiB": "less",
  },
  quickRuns: 1,
  mostRuns: 1,
  subjects: ({ quick, headers }) => {
    // With --quick, work that takes long is measured without the last step.
    const steps = (kind: keyof typeof STEPS, takesLong = false) =>
      STEPS[kind].slice(0, quick && takesLong ? 2 : 3);
    const mostOfPeers = quick ? MOST_OF_PEERS.quick : MOST_OF_PEERS.all;
    return [
      ...steps("functions").flatMap((count) => functions(count, headers, mostOfPeers)),
      ...steps("allocations", true).map((count) =>
        one("Bun, executable", `memleak, ${count} allocations`, "allocations", count, [
          ...[TS_BCC, "memleak", "-p", "@PID", "-o", "0"],
          ...["--alloc-storage-size", "2000000", "3600"],
        ])
      ),
      ...steps("keys").flatMap((count) =>
        (["Deno", "Bun"] as const).map((name) => ({
          name,
          work: `syscount's report, ${count} keys`,
          command: [...subjectCommand(name, "scale_keys"), builtPath("map_read.o"), `${count}`],
        }))
      ),
      ...steps("machine").flatMap(machine),
    ];
  },
};

function one(
  name: string,
  work: string,
  kind: string,
  count: number,
  command: readonly string[],
): Subject {
  const measured = [...ourCommand("Bun", file("scale.ts")), BUILT, kind, `${count}`, ...command];
  return { name, work, command: measured };
}

function functions(
  count: number,
  headers: Readonly<Record<string, string>>,
  mostOfPeers: number,
): Subject[] {
  const work = `funccount, ${count} functions`;
  const bpftrace = [
    "/usr/bin/bpftrace",
    "-p",
    "@PID",
    "-e",
    "uprobe:@EACH { @[probe] = count(); }",
  ];
  const ours = [TS_BCC, "funccount", "-p", "@PID", "@EACH"];
  const subject = (name: string, command: readonly string[]) =>
    one(name, work, "functions", count, command);
  if (count > mostOfPeers) return [subject("Bun, executable", ours)];
  const python = ["/usr/sbin/funccount-bpfcc", "-p", "@PID", "@EACH"];
  return [
    subject("Bun, executable", ours),
    subject("bpftrace", bpftrace),
    { ...subject("Python", python), environment: headers },
  ];
}

function machine(count: number): Subject[] {
  const mounts = count / 10;
  const commands = {
    opensnoop: ["opensnoop", "-p", "@PID"],
    profile: ["profile", "-F", "99"],
    doctor: ["doctor"],
  };
  return Object.entries(commands).map(([what, words]) => {
    const work = `${what}, ${count} processes and ${mounts} mounts`;
    const { command, ...rest } = one("Bun, executable", work, "machine", count, [TS_BCC, ...words]);
    return { ...rest, command: [file("many_mounts.sh"), `${mounts}`, ...command] };
  });
}

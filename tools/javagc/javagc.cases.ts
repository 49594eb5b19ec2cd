import assert from "node:assert/strict";
import {
  type Case,
  defineCases,
  type Job,
  type Row,
  type Work,
} from "../../tests/support/cases.ts";
import { javaProgram } from "../../tests/support/languages.ts";

/** The heap is large enough that only the program's own 7 calls of System.gc() collect. */
const work = javaProgram("Gc", "-Xms256m", "-Xmn128m");

/** The same, with another Java program, `{other}`, that does nothing. */
const two: Work = {
  async start(): Promise<Job> {
    const other = await work.start();
    try {
      const job = await work.start();
      return {
        pid: job.pid,
        names: { other: other.pid },
        go: () => job.go(),
        async [Symbol.asyncDispose]() {
          await job[Symbol.asyncDispose]();
          await other[Symbol.asyncDispose]();
        },
      };
    } catch (error) {
      await other[Symbol.asyncDispose]();
      throw error;
    }
  },
};

const collections: Case = {
  name: "shows 7 collections of a process",
  requires: ["javac"],
  args: ["-p", "{pid}"],
  work,
  check(rows: readonly Row[]) {
    assert.equal(rows.length, 7);
    assert.ok(rows.every(({ gc_time_us }) => Number(gc_time_us) > 0), JSON.stringify(rows));
  },
};

export default defineCases({
  usage: {
    names: "-h -p -t --pid --time --json",
    right: [],
    wrong: [
      [["-p", "181", "-t", "x"], /invalid value "x" for -t\/--time/],
    ],
  },
  cases: [
    collections,
    {
      ...collections,
      name: "shows 7 collections where Java takes long to start",
      requires: ["javac", "full"],
      canary: true,
    },
    ...["Parallel", "G1"].map((collector): Case => ({
      ...collections,
      name: `shows 7 collections of Java's collector ${collector}`,
      requires: ["javac", "full"],
      work: javaProgram("Gc", `-XX:+Use${collector}GC`, "-Xms256m", "-Xmx256m"),
    })),
    {
      name: "shows each step of ZGC that the collector reports",
      requires: ["javac", "full"],
      args: ["-p", "{pid}"],
      work: javaProgram("Gc", "-XX:+UseZGC", "-Xms256m", "-Xmx256m"),
      check(rows: readonly Row[]) {
        // Rows of each of the 7 collections: three with OpenJDK 17, eight with 25.
        assert.ok(rows.length >= 7 && rows.length % 7 === 0, `${rows.length} rows`);
      },
    },
    {
      name: "-p hides other processes",
      requires: ["javac"],
      args: ["-p", "{other}"],
      work: two,
      rows: [],
    },
    {
      name: "-t hides faster ones",
      requires: ["javac"],
      args: ["-p", "{pid}", "-t", "600000000"],
      work,
      rows: [],
    },
    {
      name: "prints libbpf-tools' table",
      requires: ["javac"],
      work,
      lines: [
        /^Tracing javagc time\.\.\. Hit Ctrl-C to end\.$/,
        /^TIME {5}CPU {5}PID {5}GC TIME$/,
        /^\d\d:\d\d:\d\d \d+ +{pid} +\d+ *$/,
      ],
    },
  ],
  filters: {
    requires: ["javac", "speed", "full"],
    not: { pid: "cases have it: another process is refused unless it runs Java" },
    work,
    expect: 7,
  },
});

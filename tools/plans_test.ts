/**
 * Tests plans, help and usage errors of every tool without starting a process. The plans are made
 * for a fake machine (tests/support/machine.ts); under Deno the tests have no permissions, which
 * shows that plans read nothing of the real machine.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { struct, u32, UnsupportedError } from "../mod.ts";
import { helpText, type Options, parseOptions, UsageError } from "../toolkit/options/options.ts";
import { BY_MACHINE } from "../toolkit/options/machine_globals.ts";
import type { Machine } from "../toolkit/machine/machine.ts";
import { planOf, schemaOf } from "../toolkit/run/run.ts";
import type { AnyTool, Plan } from "../toolkit/run/tool.ts";
import type { Cases, Usage } from "../tests/support/cases.ts";
import { FILTERS } from "../tests/support/filter_matrix.ts";
import { BCC_COMMANDS, BCC_OPTIONS, BCC_TOOLS, LIBBPF_OPTIONS } from "../scripts/bcc_tools.ts";
import { pretend } from "../tests/support/machine.ts";
import { commands, tools } from "./list.ts";

const all = await Promise.all(
  Object.entries(tools).map(async ([name, load]) => {
    const table = await import(`./${name}/${name}.cases.ts`) as { default: Cases };
    const { usage = {}, ...cases } = table.default;
    return { tool: (await load()).default, usage, cases };
  }),
);
// Compiles a codec now: what runs only once must not run in a test without permissions.
struct("warm", { a: u32 });

/** A test without permissions to read, write or run anything, if the runtime has permissions. */
function pure(name: string, body: () => void): void {
  const { Deno } = globalThis as { Deno?: { test(options: unknown): void } };
  if (Deno) Deno.test({ name, permissions: "none", fn: body });
  else test(name, body);
}

/** Arguments with which a tool makes a plan. */
const rightCall = (tool: AnyTool, { right }: Usage): readonly string[] =>
  right ?? (tool.sample || []);

function plan(tool: AnyTool, words: readonly string[], machine = pretend()): Plan<never> {
  return planOf(tool, parseOptions(tool.options, words, machine) as never, machine);
}

/** Tools that print a list and end. */
const LISTS = ["bpflist", "tplist"];
/** Names of --duration in tools where bcc's tool has another option of that name. */
const OTHER_DURATION: Readonly<Record<string, string>> = { criticalstat: "--trace-seconds" };

/** A plan as JSON to compare: without functions, which are never equal, and without `count`. */
const shapeOf = (made: Plan<never>): string =>
  JSON.stringify(
    { ...made, count: undefined },
    (_, value) =>
      typeof value === "bigint" ? `${value}n` : value instanceof RegExp ? String(value) : value,
  );

/** Checks that a call is refused, in one line unless the error shows a position in an argument. */
function refused(tool: AnyTool, words: readonly string[], reason: RegExp): void {
  const call = [tool.name, ...words].join(" ");
  assert.throws(() => plan(tool, words), (error: Error) => {
    assert.ok(error instanceof UsageError, `${call}: ${error.stack}`);
    assert.match(error.message, reason, call);
    assert.ok(error.showsPlace || !error.message.includes("\n"), call);
    return true;
  });
}

pure("each tool and command of bcc has its name here", () => {
  const names = new Set([...Object.keys(tools), ...Object.keys(commands)]);
  assert.deepEqual([...BCC_TOOLS, ...BCC_COMMANDS].filter((name) => !names.has(name)), []);
});

for (const { tool, usage, cases } of all) {
  const options = Object.entries(tool.options as Options);

  pure(`${tool.name} makes a plan for a machine that is not there`, () => {
    const made = plan(tool, rightCall(tool, usage));
    assert.ok("text" in made || "event" in made || "report" in made);
    // Without any hook the tool is refused for that reason, unless its plan needs no hook.
    try {
      plan(tool, rightCall(tool, usage), pretend("no"));
    } catch (error) {
      const isTyped = error instanceof UsageError && /^this kernel has no /.test(error.message);
      assert.ok(error instanceof UnsupportedError || isTyped, String(error));
    }
  });

  pure(`${tool.name} tells its schema where the kernel has no hook at all`, () => {
    const words = ["--json-schema", ...rightCall(tool, usage)];
    const schema = (machine: Machine) =>
      schemaOf(tool, parseOptions(tool.options, words, machine) as never, machine);
    assert.deepEqual(schema(pretend("no")), schema(pretend()));
  });

  pure(`${tool.name} has the options that every tool has, and its plan follows them`, () => {
    const words = rightCall(tool, usage);
    for (const key of ["json", "help", "version"] as const) {
      const { long, meta } = tool.options[key]!;
      assert.deepEqual([long, meta], [key, undefined]);
    }
    const parsed = (...more: string[]) =>
      parseOptions(tool.options, [...more, ...words], pretend()) as Record<string, unknown>;
    assert.deepEqual([parsed().json, parsed("--json").json], [false, true]);
    const { duration, interval, count, jsonSchema, prometheus, web, labels, record, otlp } =
      tool.options;
    assert.equal(jsonSchema?.long, "json-schema");
    for (const option of [duration, prometheus, web, labels, record, otlp]) {
      assert.equal(option === undefined, LISTS.includes(tool.name));
    }
    if (duration) {
      const long = `--${duration.long}`;
      assert.equal(long, OTHER_DURATION[tool.name] ?? "--duration");
      assert.deepEqual([parsed().duration, parsed(long, "1.5").duration], [undefined, 1.5]);
      assert.deepEqual(shapeOf(plan(tool, [long, "1.5", ...words])), shapeOf(plan(tool, words)));
      for (const none of ["0", "-1", "x", ""]) refused(tool, [`${long}=${none}`], /duration/);
    }
    // Only if interval and count come first: the tool's own cases test other positional arguments.
    const places = Object.values(tool.options).filter(({ positional }) => positional);
    if (interval && count && places[0] === interval && places[1] === count) {
      const given = words.filter((word) => !/^\d+$/.test(word));
      const made = plan(tool, [...given, "3", "7"]);
      assert.ok("report" in made);
      assert.deepEqual([made.interval, made.count], [3, 7]);
    }
  });

  pure(`${tool.name} shows the time if it is asked to`, () => {
    const words = rightCall(tool, usage);
    const { timestamp } = tool.options;
    if (!timestamp || timestamp.meta !== undefined) return;
    const columnsOf = (...more: string[]) => {
      const made = plan(tool, [...more, ...words]);
      return "columns" in made ? made.columns.filter((column) => column !== false) : undefined;
    };
    // Tools that print reports print the time themselves: their cases test that.
    const without = columnsOf();
    if (without) assert.equal(columnsOf(`--${timestamp.long}`)!.length, without.length + 1);
  });

  pure(`${tool.name} reads nothing of the machine with any of its flags`, () => {
    for (const [, { long, meta, positional }] of options) {
      if (positional || meta !== undefined) continue;
      try {
        plan(tool, [`--${long}`, ...rightCall(tool, usage)]);
      } catch (error) {
        assert.ok(error instanceof UsageError || error instanceof UnsupportedError, String(error));
      }
    }
  });

  pure(`${tool.name} helps with all of its options within 100 columns`, () => {
    const help = helpText(tool, tool.options);
    const names = options.map(([, { long, positional }]) => positional ? long : `--${long}`);
    for (const name of [...names, ...usage.names?.split(" ") ?? []]) {
      const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
      assert.match(help, new RegExp(`(^| )${escaped}([ ,]|$)`, "m"), name);
    }
    const lines = help.split("\n");
    assert.deepEqual(lines.filter((line) => line.length > 100 || /\s$/.test(line)), []);
    assert.ok(lines[0]!.startsWith(`usage: ${tool.name} `));
    for (const [call] of tool.examples) assert.ok(call.startsWith(tool.name), call);
  });

  const ofBcc = BCC_OPTIONS[tool.name] ?? LIBBPF_OPTIONS[tool.name];
  if (ofBcc) {
    pure(
      `${tool.name} has all options of bcc's tool, or libbpf-tools', by their letters, with a value where bcc's has one`,
      () => {
        const left = options.filter(([, { positional }]) => !positional).map(([, option]) =>
          option
        );
        for (const text of ofBcc.split(" ")) {
          const names = text.replace(/\??=$/, "").split("/");
          const found = names.map((name) =>
            left.find(({ short, long }) => name === `--${long}` || name === `-${short}`)
          );
          assert.ok(found[0], text);
          assert.deepEqual(found, names.map(() => found[0]), `${text} is one option`);
          assert.equal(
            found[0].meta !== undefined,
            text.endsWith("="),
            `${text} takes a value or not`,
          );
        }
      },
    );
  }

  pure(`${tool.name} refuses options that it does not have, and values that are none`, () => {
    refused(tool, ["--nothing"], /^unknown option --nothing$/);
    refused(tool, ["-%"], /^unknown option -%$/);
    const letters = options.flatMap(([, { short, positional }]) =>
      positional || !short ? [] : [short]
    );
    assert.equal(new Set(letters).size, letters.length, "a letter is of one option only");
    for (const [, option] of options) {
      if (option.positional) continue;
      const long = `--${option.long}`;
      if (option.meta === undefined) refused(tool, [`${long}=x`], /takes no value$/);
      else if (option.takesNext) refused(tool, [`${long}=?`], /^invalid value "\?" for --/);
      else refused(tool, [long], new RegExp(`^[^ ]*${long} needs `));
    }
    if (!options.some(([, { positional }]) => positional)) {
      refused(tool, ["surplus"], /^unexpected argument "surplus"$/);
    }
  });

  if (usage.wrong) {
    const { wrong } = usage;
    pure(`${tool.name} refuses its own wrong calls`, () => {
      for (const [words, reason] of wrong) refused(tool, words, reason);
    });
  }

  pure(`${tool.name} has a test of each filter that it declares, or says why not`, () => {
    const { filters, unfiltered, elsewhere } = cases;
    const declared = Object.keys(FILTERS).filter((key) => key in tool.options);
    const reasons = [filters, unfiltered, elsewhere].filter((reason) => reason !== undefined);
    assert.equal(reasons.length > 0, declared.length > 0 || elsewhere !== undefined);
    assert.ok(!filters || unfiltered === undefined, "tested or not tested, not both");
    const untested = Object.keys(filters?.not ?? {}).filter((key) => key !== "off");
    assert.deepEqual(untested.filter((key) => !declared.includes(key)), [], "not declared");
    assert.notEqual(untested.length, filters ? declared.length : -1, "none is left");
  });

  pure(`${tool.name} filters by what its options say`, () => {
    const right = rightCall(tool, usage);
    const globalsOf = (...words: string[]) => {
      const made = plan(tool, [...words, ...right]);
      return "text" in made ? {} : made.load?.globals ?? {};
    };
    const without = globalsOf();
    const filters: Record<string, [value: string, global: string, expected: unknown]> = {
      pid: ["181", "target_pid", 181],
      tid: ["182", "target_tid", 182],
      uid: ["1000", "target_uid", 1000],
      comm: ["name", "target_comm", "name"],
      cgroup: ["/sys/fs/cgroup/x", "target_cgroup", BY_MACHINE],
      cgroupMap: ["/sys/fs/bpf/x", "by_cgroup", true],
      mntnsMap: ["/sys/fs/bpf/x", "by_mntns", true],
    };
    for (const [key, [value, global, expected]] of Object.entries(filters)) {
      const option = tool.options[key];
      if (!option || option.positional || !(global in without)) continue;
      const found = globalsOf(`--${option.long}`, value)[global];
      assert.deepEqual(found, expected, `--${option.long} ${value} sets ${global}`);
      assert.notDeepEqual(without[global], expected);
    }
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { thisMachine } from "../machine/machine.ts";
import opensnoop from "../../tools/opensnoop/opensnoop.ts";
import {
  argumentList,
  flag,
  helpText,
  list,
  number,
  parseOptions,
  pattern,
  rest,
  spelling,
  text,
  UsageError,
} from "./options.ts";
import { eventOptions, execOption, filterOptions, filterSettings } from "./standard_options.ts";

const options = {
  timestamp: flag({ short: "T", long: "timestamp", help: "" }),
  failed: flag({ short: "x", long: "failed", help: "" }),
  pid: number({
    short: "p",
    long: "pid",
    meta: "PID",
    help: "one only",
    what: "an id",
    min: 1,
    max: 999,
  }),
  printUid: flag({ short: "U", long: "print-uid", help: "" }),
  name: text({ short: "n", long: "name", meta: "NAME", help: "" }),
  flags: list({ short: "f", long: "flag_filter", meta: "FLAG", help: "" }),
  duration: number({
    short: "d",
    long: "duration",
    meta: "SECONDS",
    help: "",
    what: "a time",
    min: 0.001,
    max: 60,
    fraction: true,
  }),
  print: flag({ long: "print", help: "" }),
  exec: rest({ long: "exec", meta: "COMMAND…", help: "" }),
};

const NONE = {
  timestamp: false,
  failed: false,
  pid: undefined,
  printUid: false,
  name: undefined,
  flags: [],
  duration: undefined,
  print: false,
  exec: undefined,
};

const GOOD: readonly (readonly [words: string[], values: Partial<Record<string, unknown>>])[] = [
  [[], {}],
  [["-p", "181"], { pid: 181 }],
  [["-p181"], { pid: 181 }],
  [["-p=181"], { pid: 181 }],
  [["-Tp", "181"], { timestamp: true, pid: 181 }],
  [["-Txp181"], { timestamp: true, failed: true, pid: 181 }],
  [["-xTU"], { failed: true, timestamp: true, printUid: true }],
  [["--pid", "181"], { pid: 181 }],
  [["--pid=181"], { pid: 181 }],
  [["--pi=181"], { pid: 181 }],
  [["--dur", "2.5"], { duration: 2.5 }],
  [["--print-uid"], { printUid: true }],
  [["--print_uid"], { printUid: true }],
  [["--print-u"], { printUid: true }],
  [["--print"], { print: true }],
  [["--flag-filter", "O_RDWR", "--flag_f=O_EXCL", "-fO_SYNC"], {
    flags: ["O_RDWR", "O_EXCL", "O_SYNC"],
  }],
  [["-p1", "-p2"], { pid: 2 }],
  [["--name="], { name: "" }],
  [["--name=-x"], { name: "-x" }],
  [["-n-x"], { name: "-x" }],
  [["--name=a=b\nc"], { name: "a=b\nc" }],
  [["-n", "-"], { name: "-" }],
  [["--exec", "ls", "-l", "--pid=x"], { exec: ["ls", "-l", "--pid=x"] }],
  [["-x", "--exec=ls", "-T"], { failed: true, exec: ["ls", "-T"] }],
];

for (const [words, values] of GOOD) {
  test(`parseOptions() understands ${JSON.stringify(words)}`, () => {
    assert.deepEqual(parseOptions(options, words), { ...NONE, ...values });
  });
}

const PID = "expected an id, a whole number from 1 to 999";
const BAD: readonly (readonly [words: string[], message: string])[] = [
  [["-z"], "unknown option -z"],
  [["-Tz"], "unknown option -z"],
  [["--zap"], "unknown option --zap"],
  [["--"], "unknown option --"],
  [["--=5"], "unknown option --"],
  [["--p", "1"], "option --p is ambiguous: --pid or --print-uid or --print"],
  [["--pid"], "-p/--pid needs a value: PID"],
  [["-Tp"], "-p/--pid needs a value: PID"],
  [["-p", "-x"], "-p/--pid needs a value: PID"],
  [["-n", "--print"], "-n/--name needs a value: NAME"],
  [["--exec"], "--exec needs COMMAND…"],
  [["--print=yes"], "--print takes no value"],
  [["181"], 'unexpected argument "181"'],
  [["-"], 'unexpected argument "-"'],
  [[""], 'unexpected argument ""'],
  [["-p", "abc"], `invalid value "abc" for -p/--pid: ${PID}`],
  [["-p", "0"], `invalid value "0" for -p/--pid: ${PID}`],
  [["-p", "1000"], `invalid value "1000" for -p/--pid: ${PID}`],
  [["-p", "-5"], `invalid value "-5" for -p/--pid: ${PID}`],
  [["-p", "1.5"], `invalid value "1.5" for -p/--pid: ${PID}`],
  [["-p1e2"], `invalid value "1e2" for -p/--pid: ${PID}`],
  [["-p", " 7"], `invalid value " 7" for -p/--pid: ${PID}`],
  [["--pid="], `invalid value "" for -p/--pid: ${PID}`],
  [["-n", "a", "-p\x1b[2J"], `invalid value "\\u001b[2J" for -p/--pid: ${PID}`],
  [["-d0"], 'invalid value "0" for -d/--duration: expected a time, a number from 0.001 to 60'],
  [["-d.5"], 'invalid value ".5" for -d/--duration: expected a time, a number from 0.001 to 60'],
];

for (const [words, message] of BAD) {
  test(`parseOptions() refuses ${JSON.stringify(words)}`, () => {
    assert.throws(() => parseOptions(options, words), { name: "UsageError", message });
  });
}

test("parseOptions() lets errors that are not the user's come out as they are", () => {
  const broken = { ...options.name, parse: () => assert.fail("a bug") };
  assert.throws(() => parseOptions({ broken }, ["-n", "x"]), /^AssertionError.*a bug/s);
});

test("spelling() names an option as people type it", () => {
  assert.equal(spelling(options.pid), "-p/--pid");
  assert.equal(spelling(options.print), "--print");
});

test("standard options take pages that are a power of two", () => {
  const pages = (word: string) => parseOptions({ ...eventOptions }, ["-b", word]).bufferPages;
  assert.equal(pages("1"), 1);
  assert.equal(pages("262144"), 262144);
  for (const word of ["0", "3", "524288", "4k", "-1"]) {
    assert.throws(() => pages(word), {
      message: `invalid value "${word}" for -b/--buffer-pages: ` +
        "expected a power of two from 1 to 262144 pages",
    });
  }
});

test("filterSettings() refuses a name that no process can have", () => {
  const settings = (...words: string[]) =>
    filterSettings(parseOptions({ ...filterOptions }, words));
  assert.equal(settings("-n", "fifteen bytes..").globals?.target_comm_length, 15);
  assert.equal(settings("-n", "grün").globals?.target_comm_length, 5);
  assert.throws(() => settings("-n", "sixteen bytes..."), {
    name: "UsageError",
    kind: "usage",
    message: 'no process name can contain "sixteen bytes...": the kernel keeps 15 bytes of it',
  });
});

test("pattern() refuses what is no regular expression", () => {
  const option = pattern({ long: "line", meta: "LINE", help: "" });
  assert.ok(option.parse("^a.c$", undefined, thisMachine)!.test("abc"));
  assert.throws(() => option.parse("(", undefined, thisMachine), UsageError);
});

test("helpText() keeps to 80 columns, and examples to 100", () => {
  const lines = helpText(opensnoop, { ...opensnoop.options, ...execOption }).split("\n");
  const examples = lines.indexOf("examples:");
  assert.ok(examples > 0);
  assert.deepEqual(lines.slice(0, examples).filter((line) => line.length >= 80), []);
  assert.deepEqual(lines.slice(examples).filter((line) => line.length >= 100), []);
  assert.deepEqual(lines.filter((line) => line !== line.trimEnd()), []);
});

test("helpText() puts what does not fit under its beginning", () => {
  const long = flag({ short: "l", long: "long", help: "word ".repeat(18).trim() });
  const tool = { name: "tool", summary: "Do it.", examples: [["tool -l", "at length"]] as const };
  assert.equal(
    helpText(tool, { long, pid: options.pid }),
    `usage: tool [-l] [-p PID]

Do it.

options:
  -l, --long     ${"word ".repeat(12).trim()}
                 ${"word ".repeat(6).trim()}
  -p, --pid PID  one only

examples:
  tool -l  # at length`,
  );
});

test("argumentList() takes all words that are left", () => {
  const many = { json: eventOptions.json, probes: argumentList({ long: "probe", help: "" }) };
  assert.deepEqual(parseOptions(many, ["a b", "--json", "c"]).probes, ["a b", "c"]);
  assert.deepEqual(parseOptions(many, []).probes, []);
  assert.match(helpText({ name: "tool", summary: "", examples: [["t", ""]] }, many), /\[probe …\]/);
});

test("an address may be left out, and a small number behind it is no port", () => {
  const spaces = { web: eventOptions.web, interval: argumentList({ long: "interval", help: "" }) };
  const parsed = (...words: string[]) => {
    const { web, interval } = parseOptions(spaces, words);
    return [web && `${web.host} ${web.port}`, ...interval];
  };
  assert.deepEqual(parsed(), [undefined]);
  assert.deepEqual(parsed("--web"), ["127.0.0.1 0"]);
  assert.deepEqual(parsed("--web", "1", "10"), ["127.0.0.1 0", "1", "10"]);
  assert.deepEqual(parsed("--web", "9436", "10"), ["127.0.0.1 9436", "10"]);
  assert.deepEqual(parsed("--web", "0.0.0.0:80", "1"), ["0.0.0.0 80", "1"]);
  assert.deepEqual(parsed("--web=80", "1"), ["127.0.0.1 80", "1"]);
  assert.deepEqual(parsed("1", "--web", "vfs_*"), ["127.0.0.1 0", "1", "vfs_*"]);
  assert.throws(
    () => parsed("--web=x"),
    /^UsageError: invalid value "x" for --web: expected a port/,
  );
});

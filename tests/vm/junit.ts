/** Reads the JUnit reports of the runtimes, and writes one of all runs. */

/** One test case of a report. */
export interface JunitCase {
  /** The test file, if the report names it. */
  file?: string;
  /**
   * The test's name; that of a subtest or of a test in a group begins with the parents' names, each
   * with " > ".
   */
  name: string;
  /** The result. */
  status: "passed" | "failed" | "skipped";
  /** The duration in seconds. */
  seconds: number;
  /** Why it failed or was skipped, as far as the report says. */
  message: string;
}

const TAG =
  /<(\/?)(testsuite|testcase|failure|error|skipped)((?:\s+[\w:.-]+\s*=\s*"[^"]*")*)\s*(\/?)>/g;

/** Reads the cases of a report as Deno and Bun write them. */
export function parseJunit(xml: string): JunitCase[] {
  const cases: JunitCase[] = [];
  let current: JunitCase | undefined;
  for (const [, isEnd, tag, attributeText = ""] of xml.matchAll(TAG)) {
    if (isEnd) continue;
    const attributes = parseAttributes(attributeText);
    if (tag === "testcase") {
      // "classname" holds the names of the test's groups in Bun's reports, the file's name in
      // Deno's.
      const { name = "", classname = "", file, time } = attributes;
      const groups = file === undefined || classname === "" ? "" : `${classname} > `;
      const seconds = Number(time ?? 0);
      current = { name: groups + name, status: "passed", seconds, message: "" };
      const path = (file ?? classname).replace(/^\.\//, "");
      if (path !== "") current.file = path;
      cases.push(current);
    } else if (tag === "testsuite") {
      current = undefined;
    } else if (current !== undefined) {
      current.status = tag === "skipped" ? "skipped" : "failed";
      current.message = attributes.message ?? attributes.type ?? "";
    }
  }
  return cases;
}

/** Writes one report of many suites, each with a name. */
export function formatJunit(suites: ReadonlyMap<string, readonly JunitCase[]>): string {
  const all = [...suites.values()].flat();
  const blocks = [...suites].map(([name, cases]) =>
    `  <testsuite name="${escape(name)}" ${counts(cases)}>\n` +
    cases.map((item) => formatCase(name, item)).join("") +
    `  </testsuite>\n`
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts(all)}>\n` +
    `${blocks.join("")}</testsuites>\n`;
}

function counts(cases: readonly JunitCase[]): string {
  const count = (status: string) => cases.filter((item) => item.status === status).length;
  return `tests="${cases.length}" failures="${count("failed")}" errors="0" ` +
    `skipped="${count("skipped")}"`;
}

function formatCase(suite: string, item: JunitCase): string {
  const start = `    <testcase name="${escape(item.name)}" classname="${escape(suite)}" ` +
    `time="${item.seconds.toFixed(3)}"`;
  if (item.status === "passed") return `${start}/>\n`;
  const tag = item.status === "failed" ? "failure" : "skipped";
  return `${start}><${tag} message="${escape(item.message)}"/></testcase>\n`;
}

function parseAttributes(text: string): Record<string, string> {
  const pairs = text.matchAll(/([\w:.-]+)\s*=\s*"([^"]*)"/g);
  return Object.fromEntries([...pairs].map(([, key, value]) => [key, unescape(value ?? "")]));
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

function unescape(text: string): string {
  return text.replace(/&(#x?)?(\w+);/g, (whole, number: string | undefined, value: string) => {
    if (number === undefined) return ENTITIES[value] ?? whole;
    return String.fromCodePoint(parseInt(value, number === "#x" ? 16 : 10));
  });
}

function escape(text: string): string {
  // Control characters cannot be written in XML 1.0, not even as references.
  // deno-lint-ignore no-control-regex
  const printable = text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, "\ufffd");
  return printable.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("\n", "&#10;");
}

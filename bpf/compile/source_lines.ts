/**
 * Maps lines of the text given to libbcc back to lines of the user's source.
 *
 * @module
 */

/**
 * Newer kernels append the location to a line that they quote: `code @ main.c:12`; older ones quote
 * the code only.
 */
const NUMBERED = /^(.*)@ main\.c:(\d+)$/;
const IDENTIFIER = /[A-Za-z_]\w*/g;

/**
 * Returns a function that maps a line quoted by the verifier's log back to the user's line.
 *
 * The kernel quotes the text as libbcc has rewritten it: methods of maps have become helper calls,
 * and structs and arguments of probes were inserted as lines. Within a function the lines keep
 * their distances, so unchanged lines tell where the others belong.
 */
export function userLines(source: string, log: string): (quoted: string) => string {
  const lines = source.split("\n").map((line) => line.trim());
  const known = log.split("\n").filter((line) => line.startsWith("; "))
    .flatMap((line) => knownLine(line.slice(2).trim(), lines));
  return (quoted) => {
    const { code, number } = numbered(quoted);
    const line = number === undefined ? onlyLine(code, lines) : lineOf(code, number, lines, known);
    return line === undefined ? `"${code}"` : `line ${line + 1}: "${lines[line]}"`;
  };
}

/** A line that occurs once in the user's text, and by how many lines it was moved. */
interface KnownLine {
  readonly number: number;
  readonly moved: number;
}

function knownLine(quoted: string, lines: readonly string[]): KnownLine[] {
  const { code, number } = numbered(quoted);
  const line = number === undefined ? undefined : onlyLine(code, lines);
  return number === undefined || line === undefined ? [] : [{ number, moved: number - line }];
}

function numbered(quoted: string): { code: string; number: number | undefined } {
  const [, code, number] = NUMBERED.exec(quoted) ?? [];
  // Spaces are trimmed beforehand: matching them before an absent "@" would take quadratic time.
  return code === undefined
    ? { code: quoted, number: undefined }
    : { code: code.trimEnd(), number: Number(number) };
}

function onlyLine(code: string, lines: readonly string[]): number | undefined {
  const line = lines.indexOf(code);
  return line >= 0 && lines.indexOf(code, line + 1) < 0 ? line : undefined;
}

function lineOf(
  code: string,
  number: number,
  lines: readonly string[],
  known: readonly KnownLine[],
): number | undefined {
  const only = onlyLine(code, lines);
  if (only !== undefined || known.length === 0) return only;
  const distance = (line: KnownLine) => Math.abs(line.number - number);
  const nearest = known.reduce((best, line) => distance(line) < distance(best) ? line : best);
  const line = number - nearest.moved;
  const names = new Set(code.match(IDENTIFIER));
  // A call over several lines may have become one: report no line rather than a wrong one.
  return lines[line]?.match(IDENTIFIER)?.some((name) => names.has(name)) ? line : undefined;
}

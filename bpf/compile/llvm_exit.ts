/**
 * The error message when LLVM exits the process because of the code that it compiles.
 *
 * @module
 */

/** LLVM 14's message for an operation that BPF lacks, up to its operands' addresses. */
const NO_INSTRUCTION = /^Cannot select: (?:0x\w+: )?\w+ = (\w+)/;
/** The same since LLVM 15. */
const UNSUPPORTED = /^error: (?:.*:\d+:\d+: )?in function (\w+) .*\): (.*?)\.?$/m;
const DIVISION = /^s(?:div|rem)$/;

/**
 * The message: `reason` is LLVM's text for a fatal error, or empty, `output` everything that was
 * printed. LLVM's line numbers are those of the text as libbcc has rewritten it, so they are
 * omitted.
 */
export function tellEnd(title: string, reason: string, output: string): string {
  return `Cannot compile ${title}: LLVM ended the process: ${why(reason, output)}`;
}

function why(reason: string, output: string): string {
  const operation = NO_INSTRUCTION.exec(reason)?.[1];
  if (operation !== undefined) {
    const where = /^In function: (\w+)/m.exec(reason)?.[1];
    const fix = DIVISION.test(operation) ? ": divide unsigned numbers" : "";
    return `in function "${where}": BPF has no instruction for ${operation}${fix}`;
  }
  const [, name, complaint] = UNSUPPORTED.exec(output) ?? [];
  if (name !== undefined) return `in function "${name}": ${complaint}`;
  const [first] = (reason || output).split("\n").filter((line) => line.trim() !== "");
  return first ?? "it did not say why";
}

/**
 * Replaces node:test in compiled executables, where there is no test runner: runs tests in order.
 *
 * @module
 */

type Body = () => void | Promise<void>;

const tests: { readonly name: string; readonly body: Body }[] = [];

/** Registers a test, unless it is skipped. */
export function test(name: string, ...rest: [Body] | [{ skip?: string | false }, Body]): void {
  const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
  if (!options.skip) tests.push({ name, body });
}

/** Runs the registered tests, and prints a line for each. */
export async function runAll(): Promise<void> {
  for (const { name, body } of tests) {
    try {
      await body();
      console.log(`passed ${name}`);
    } catch (error) {
      console.log(`failed ${name}\n${error instanceof Error ? error.stack : error}`);
      process.exitCode = 1;
    }
  }
}

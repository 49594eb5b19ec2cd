/**
 * What tests import as node:test in an executable, where there is no test runner: runs them in order.
 *
 * @module
 */

type Body = () => void | Promise<void>;

const tests: { readonly name: string; readonly body: Body }[] = [];

/** Takes down a test; one that is skipped is left out. */
export function test(name: string, ...rest: [Body] | [{ skip?: string | false }, Body]): void {
  const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
  if (!options.skip) tests.push({ name, body });
}

/** Runs what was taken down, and prints a line for each. */
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

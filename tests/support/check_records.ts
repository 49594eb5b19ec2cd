/**
 * Checks records against the JSON Schema that the tool prints (--json-schema).
 *
 * @module
 */

import { fail } from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "npm:ajv@8.20.0/dist/2020.js";
import { parseOptions } from "../../toolkit/options/options.ts";
import { schemaOf, type Standard } from "../../toolkit/run/run.ts";
import type { AnyTool } from "../../toolkit/run/tool.ts";

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const ajv = new Ajv2020({ formats: { "date-time": DATE }, allowUnionTypes: true });
/** Compiled schemas, by their text: most cases of a tool have the same one. */
const compiled = new Map<string, ValidateFunction>();

/**
 * Returns a function that checks the records of one command line.
 *
 * @param args the words that the tool is called with, besides `--json`
 */
export function recordChecker(
  tool: AnyTool,
  args: readonly (string | number)[],
): (records: readonly unknown[]) => void {
  const words = ["--json", ...args.map(String)];
  const schema = schemaOf(tool, parseOptions(tool.options, words) as unknown as Standard);
  const key = JSON.stringify(schema);
  const isValid = compiled.get(key) ?? ajv.compile(schema);
  compiled.set(key, isValid);
  return (records) => {
    const wrong = records.find((record) => !isValid(record));
    if (wrong === undefined) return;
    isValid(wrong);
    fail(
      `${tool.name} ${words.join(" ")}: ${JSON.stringify(wrong)} is no record of its schema: ` +
        ajv.errorsText(isValid.errors),
    );
  };
}

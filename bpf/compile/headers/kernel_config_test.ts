import assert from "node:assert/strict";
import { test } from "node:test";
import { impliedConfig, kernelConfig, optionMacros, parseConfig } from "./kernel_config.ts";
import { kernelBtf } from "../../btf/kernel_btf.ts";

const CONFIG = parseConfig(`# Automatically generated
CONFIG_SMP=y
CONFIG_XFS_FS=m
CONFIG_HZ=250
CONFIG_LOCALVERSION="-made"
# CONFIG_SLOB is not set
`);

test("optionMacros() defines what C code asks an option by", () => {
  const answers = (option: string, builtIn: number, module: number) => [
    `#define __IS_BUILTIN_${option} ${builtIn}`,
    `#define __IS_MODULE_${option} ${module}`,
    `#define __IS_ENABLED_${option} ${builtIn | module}`,
  ];
  const expected = [
    ["CONFIG_SMP", ["#define CONFIG_SMP 1", ...answers("CONFIG_SMP", 1, 0)]],
    ["CONFIG_XFS_FS", ["#define CONFIG_XFS_FS_MODULE 1", ...answers("CONFIG_XFS_FS", 0, 1)]],
    ["CONFIG_HZ", ["#define CONFIG_HZ 250", ...answers("CONFIG_HZ", 0, 0)]],
    ["CONFIG_SLOB", answers("CONFIG_SLOB", 0, 0)],
  ] as const;
  for (const [option, lines] of expected) assert.deepEqual(optionMacros(option, CONFIG), lines);
  assert.equal(CONFIG.get("CONFIG_LOCALVERSION"), '"-made"');
});

test("what a kernel's types imply is what it was built with", () => {
  const config = kernelConfig();
  const implied = [...impliedConfig(kernelBtf()).keys()];
  assert.ok(implied.length > 3 && config.size > 3, implied.join(" "));
  for (const option of implied) assert.equal(config.get(option), "y", option);
});

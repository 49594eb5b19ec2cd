// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runC } from "../support/c_compiler.ts";
import { interrupt, startExample } from "../support/example.ts";
import { Running } from "../support/process.ts";

test("examples/strlen_count.ts counts every call exactly, the most frequent string last", async () => {
  await using example = await startExample("strlen_count.ts");
  const prefix = `ts-bcc-${process.pid}`;
  const total = runC(
    "gcc",
    `#include <stdio.h>
#include <string.h>
int main(void) {
  const char *texts[] = { "${prefix}-one", "${prefix}-two", "${prefix}-three" };
  size_t total = 0;
  for (int i = 0; i < 1009; i++)
    for (int j = 0; j < 3; j++) total += strlen(texts[j]);
  total += strlen("${prefix}-once");
  printf("%zu\\n", total);
  return 0;
}`,
    ["-O0", "-fno-builtin"],
  );
  assert.ok(Number(total) > 3 * 1009);
  const stdout = await interrupt(example);

  const rows = [...stdout.matchAll(/^ *(\d+) (".*")$/gm)].map(([, n, text]) =>
    [Number(n), JSON.parse(text!) as string] as const
  );
  const own = rows.filter(([, text]) => text.startsWith(prefix));
  assert.deepEqual(
    new Map(own.map(([n, text]) => [text.slice(prefix.length), n])),
    new Map([["-once", 1], ["-one", 1009], ["-two", 1009], ["-three", 1009]]),
  );
  const counts = rows.map(([n]) => n);
  assert.deepEqual(counts, counts.toSorted((a, b) => a - b));
});

test("examples/hello.ts greets every program that is started", async () => {
  await using example = await startExample("hello.ts");
  await using sleeper = Running.start(["sleep", "1000"]);
  await example.find("stdout", new RegExp(`^Hello, sleep \\(process ${sleeper.pid}\\)$`, "m"));
  await interrupt(example);
});

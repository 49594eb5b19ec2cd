import assert from "node:assert/strict";
import { test } from "node:test";
import { namesIn } from "./user_names.ts";

test("users have the first name that passwd gives them", () => {
  const names = namesIn("root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\n+::::::\n# a:b:c\n");
  assert.deepEqual([...names], [[0, "root"]]);
});

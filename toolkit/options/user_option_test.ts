import assert from "node:assert/strict";
import { test } from "node:test";
import { thisMachine } from "../machine/machine.ts";
import { UsageError } from "./options.ts";
import { uidOf, userOption } from "./user_option.ts";

const PASSWD = "root:x:0:0:root:/root:/bin/bash\nbin:x:2:2:bin:/bin:/usr/sbin/nologin\nbroken\n";

test("uidOf() finds users by their whole name", () => {
  const found = ["root", "bin", "bi", "broken", ""].map((name) => uidOf(name, PASSWD));
  assert.deepEqual(found, [0, 2, undefined, undefined, undefined]);
});

test("userOption takes numbers and names and refuses others", () => {
  assert.equal(userOption.parse("1000", undefined, thisMachine), 1000);
  assert.equal(userOption.parse("root", undefined, thisMachine), 0);
  assert.throws(() => userOption.parse("no-such-user", undefined, thisMachine), UsageError);
  assert.throws(() => userOption.parse("12x", undefined, thisMachine), UsageError);
});

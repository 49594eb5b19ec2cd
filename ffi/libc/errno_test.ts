import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { ENOTSUPP, Errno, errnoName } from "./errno.ts";
import { errnoText } from "./libc.ts";

test("errnoName() agrees with the runtime's numbers", () => {
  const known = Object.entries(constants.errno);
  assert.ok(known.length > 70, `${known.length}`);
  // Two names for one number: the C library prints the first.
  const aliases: Record<string, string> = { EWOULDBLOCK: "EAGAIN", ENOTSUP: "EOPNOTSUPP" };
  for (const [name, number] of known) assert.equal(errnoName(number), aliases[name] ?? name);
});

test("errnoName() knows every number that the C library has words for", () => {
  for (let errno = 1; errno < 200; errno++) {
    const known = !errnoText(errno).startsWith("Unknown error");
    assert.equal(/^E[A-Z0-9]+$/.test(errnoName(errno)), known, `${errno} ${errnoName(errno)}`);
  }
});

test("errnoName() and errnoText() know what the kernel and libbpf made up", () => {
  assert.deepEqual([errnoName(ENOTSUPP), errnoText(ENOTSUPP)], [
    "ENOTSUPP",
    "Operation not supported",
  ]);
  assert.deepEqual([errnoName(4001), errnoText(4001)], [
    "LIBBPF_ERRNO__FORMAT",
    "BPF object format invalid",
  ]);
});

test("errnoName() gives the number of what nobody knows", () => {
  for (const errno of [0, -1, 200, 3999, 5000]) assert.equal(errnoName(errno), `errno ${errno}`);
});

test("errnoText() is what strerror(3) says", () => {
  assert.equal(errnoText(2), "No such file or directory");
  assert.equal(errnoText(999), "Unknown error 999");
});

test("Errno holds the numbers of its names", () => {
  for (const [name, number] of Object.entries(Errno)) assert.equal(errnoName(number), name);
});

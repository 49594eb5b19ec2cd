import assert from "node:assert/strict";
import { test } from "node:test";
import { absolutePath, Births } from "./births.ts";

const named = (path: string, id?: string) => ({ id, path });

test("a file's birth is told once", () => {
  const births = new Births();
  births.add(named("/a"), 17);
  assert.equal(births.remove(named("/b")), undefined);
  assert.equal(births.remove(named("/a")), 17);
  assert.equal(births.remove(named("/a")), undefined);
});

test("a file that was created again is the new one", () => {
  const births = new Births();
  births.add(named("/a", "1"), 17);
  births.add(named("/a", "2"), 19);
  assert.equal(births.remove(named("/a", "1")), undefined);
  assert.equal(births.remove(named("/a", "2")), 19);
});

test("an inode says more than a path", () => {
  const births = new Births();
  births.add(named("/a", "1"), 17);
  assert.equal(births.remove(named("/elsewhere", "1")), 17);
  births.add(named("/b"), 23);
  assert.equal(births.remove(named("/b", "2")), 23);
});

test("a birth goes with its file to another path", () => {
  const births = new Births();
  births.add(named("/a"), 17);
  births.add(named("/b"), 19);
  births.rename("/a", "/b");
  assert.equal(births.remove(named("/a")), undefined);
  assert.equal(births.remove(named("/b")), 17);
  births.add(named("/a"), 23);
  births.rename("/unknown", "/a");
  assert.equal(births.remove(named("/a")), undefined);
});

test("births of files that change places do so", () => {
  const births = new Births();
  births.add(named("/a"), 17);
  births.add(named("/b"), 19);
  births.exchange("/a", "/b");
  assert.equal(births.remove(named("/a")), 19);
  assert.equal(births.remove(named("/b")), 17);
});

test("the oldest births are forgotten", () => {
  const births = new Births(3);
  for (let i = 0; i < 5; i++) births.add(named(`/${i}`, String(i)), i);
  const left = [0, 1, 2, 3, 4].map((i) => births.remove(named(`/${i}`, String(i))));
  assert.deepEqual(left, [undefined, undefined, 2, 3, 4]);
});

test("a path means what its directories and dots say", () => {
  assert.equal(absolutePath("a", ["inner", "outer"]), "/outer/inner/a");
  assert.equal(absolutePath("/x//y/./a", ["inner"]), "/x/y/a");
  assert.equal(absolutePath("../a", ["inner", "outer"]), "/outer/a");
  assert.equal(absolutePath("../../../a", ["inner"]), "/a");
});

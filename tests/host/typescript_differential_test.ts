// Not in guests: what expressions mean depends on no kernel.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compare } from "../support/differential.ts";
import { requires } from "../support/requires.ts";

const PAIRS = 500;
const AT_A_TIME = 50;
/** Runs of each pair, each with different arguments. */
const ROUNDS = 8;

/** Seeds of pairs that once differed, or that the verifier once rejected as too complex. */
const FOUND = [1003685, 1007143, 1003881, 1014952, 1029398, 1030913, 1033839, 1037826, 1067978]
  .concat(1075761);

const name = "random functions give what clang's of the same meaning give";
test(name, { skip: requires(name, "speed") }, () => {
  for (let first = 1; first <= PAIRS; first += AT_A_TIME) {
    const seeds = Array.from({ length: AT_A_TIME }, (_, i) => first + i);
    assert.deepEqual(compare(seeds, ROUNDS), { different: [], refused: [] });
  }
  assert.deepEqual(compare(FOUND, ROUNDS), { different: [], refused: [] });
});

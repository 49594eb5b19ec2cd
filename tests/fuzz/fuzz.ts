/**
 * Runs a parser on damaged inputs and reports violations: an error that is not one of the parser's own,
 * too much CPU time or memory, or a result that cannot be right.
 *
 * Input number n is the same for the same seed, whatever ran before it.
 *
 * @module
 */

import { mutateBytes, mutateText } from "./mutate.ts";
import { hashOf, randomOf } from "./random.ts";
import { type AnyTarget, Broken, Refused, type Sample, type Target } from "./target.ts";

/** CPU time that one input may take, unless the options say otherwise: the largest are 128 KiB. */
const MAX_SECONDS = 1;
const MAX_GROWTH = 512 * 2 ** 20;
/** Memory is checked once in this many inputs. */
const PER_LOOK = 256;

/** What was wrong, and with which input. */
export interface Find {
  readonly index: number;
  readonly what: string;
  readonly input: Uint8Array<ArrayBuffer> | string;
}

/** How a run ended. */
export interface Outcome {
  readonly inputs: number;
  /** Inputs that the parser did not refuse. */
  readonly accepted: number;
  readonly find: Find | undefined;
}

/** How far to go. */
export interface FuzzOptions {
  readonly seed: number;
  /** The first input's number. Default: 0. */
  readonly from?: number;
  readonly count: number;
  /** Time limit of the run in seconds. */
  readonly seconds?: number;
  /** CPU time that one input may take. Default: 1. */
  readonly maxSeconds?: number;
  /** Called with the number of each input before it is tried. */
  readonly onInput?: (index: number) => void;
}

type Value = Uint8Array<ArrayBuffer> | string;

/** Tries inputs until one is a find. */
export function fuzz(target: AnyTarget, options: FuzzOptions): Promise<Outcome> {
  return run(target as Target<Value>, options);
}

async function run(target: Target<Value>, options: FuzzOptions): Promise<Outcome> {
  const { from = 0, count, seconds = Infinity, maxSeconds = MAX_SECONDS, onInput } = options;
  const samples = target.samples();
  const memory = process.memoryUsage().rss;
  const end = performance.now() + seconds * 1000;
  let [inputs, accepted] = [0, 0];
  for (let index = from; index < from + count; index++) {
    onInput?.(index);
    const input = inputOf(target, samples, options.seed, index);
    const found = (what: string) => ({ inputs, accepted, find: { index, what, input } });
    inputs++;
    const start = performance.now();
    const problem = attempt(target, input);
    if (problem === undefined) accepted++;
    else if (problem !== "") return found(problem);
    // Other processes may have had the CPU: measure the CPU time of a second attempt.
    if (performance.now() - start > maxSeconds * 1000) {
      const before = process.cpuUsage();
      attempt(target, input);
      const { user, system } = process.cpuUsage(before);
      const took = (user + system) / 1e6;
      if (took > maxSeconds) return found(`it took ${took.toFixed(2)} s of CPU time`);
    }
    if (index % PER_LOOK === 0) {
      // Runtimes free native memory, such as zlib's state, only between turns of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      const growth = process.memoryUsage().rss - memory;
      if (growth > MAX_GROWTH) return found(`memory grew by ${growth >> 20} MB up to here`);
      if (performance.now() > end) break;
    }
  }
  return { inputs, accepted, find: undefined };
}

/** Undefined for an accepted input, "" for a refused one, else what is wrong. */
function attempt(target: Target<Value>, input: Value): string | undefined {
  try {
    target.run(input);
    return undefined;
  } catch (error) {
    if (error instanceof Broken) return error.message;
    if (error instanceof Refused || target.isRefusal?.(error)) return "";
    return `it threw ${error instanceof Error ? error.stack : String(error)}`;
  }
}

/** The input of a number: first the unchanged samples, then damaged ones. */
function inputOf(
  target: Target<Value>,
  samples: readonly Sample<Value>[],
  seed: number,
  index: number,
): Value {
  if (index < samples.length) return samples[index]!.value;
  const random = randomOf(seed, hashOf(target.name), index);
  return typeof samples[0]!.value === "string"
    ? mutateText(samples as readonly Sample<string>[], target.words ?? [" "], random)
    : mutateBytes(samples as readonly Sample<Uint8Array<ArrayBuffer>>[], random);
}

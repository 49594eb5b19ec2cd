/**
 * When the runtime's timers are due, for a thread that blocks instead of its event loop.
 *
 * @module
 */

type Timer = ReturnType<typeof setTimeout>;
type Call = (...values: unknown[]) => void;
type SetTimer = (call: Call, ms?: number, ...values: unknown[]) => Timer;
type ClearTimer = (timer?: Timer) => void;

/**
 * A timer that has not fired so long after its time, and in so many turns of the loop, was cleared in a way that is
 * not seen here. Turns are counted because a busy machine may let this process wait for longer.
 */
const OVERDUE_MS = 100;
const OVERDUE_TURNS = 10;
/**
 * The longest wait, in milliseconds: something that wakes the event loop unseen by this module is
 * handled after it.
 */
let mostMs = 1000;

/** When a timer fires next, by {@linkcode performance.now}, and how often it was found overdue. */
interface Due {
  readonly at: number;
  overdue: number;
}

const due = new Map<Timer, Due>();
/** Calls that `setImmediate` has put off to the next turn. */
const immediates = new Set<unknown>();
/**
 * The original `setImmediate`, for the wait's own calls: they do not count as work of the event
 * loop.
 */
let turn: typeof setImmediate | undefined;
let isWatching = false;

/** Calls once this turn of the event loop is over. */
export function nextTurn(call: () => void): void {
  (turn ?? setImmediate)(call);
}

/** Sets the longest wait; -1 means no limit, with which tests find wake-ups that are missed. */
export function setMostMs(ms: number): void {
  mostMs = ms;
}

/** Notes all timers of this process that are set from now on. */
export function watchTimers(): void {
  if (isWatching) return;
  isWatching = true;
  watchSetter("setTimeout", false);
  watchSetter("setInterval", true);
  const clear = (timer: Timer) => due.delete(timer);
  watchClearer("clearTimeout", clear);
  watchClearer("clearInterval", clear);
  turn = setImmediate;
  replace(
    "setImmediate",
    (original: (call: Call, ...values: unknown[]) => unknown) =>
    (
      call: Call,
      ...values: unknown[]
    ) => {
      const immediate = original((...given: unknown[]) => {
        immediates.delete(immediate);
        call(...given);
      }, ...values);
      immediates.add(immediate);
      return immediate;
    },
  );
  watchClearer("clearImmediate", (immediate) => immediates.delete(immediate));
}

/** Milliseconds until the next timer fires, at most a second. */
export function untilNextTimer(): number {
  if (immediates.size > 0) return 0;
  const now = performance.now();
  let next = mostMs < 0 ? Infinity : mostMs;
  for (const [timer, time] of due) {
    if (time.at < now - OVERDUE_MS && ++time.overdue > OVERDUE_TURNS) due.delete(timer);
    else next = Math.min(next, time.at - now);
  }
  return next === Infinity ? -1 : Math.max(0, Math.ceil(next));
}

function watchSetter(name: "setTimeout" | "setInterval", repeats: boolean): void {
  replace(name, (original: SetTimer) => (call: Call, ms = 0, ...values: unknown[]) => {
    // As in the runtimes, a delay outside this range counts as 1.
    const delay = ms >= 1 && ms < 2 ** 31 ? ms : 1;
    const note = () => due.set(timer, { at: performance.now() + delay, overdue: 0 });
    const timer = original(
      (...given) => {
        if (repeats) note();
        else due.delete(timer);
        call(...given);
      },
      ms,
      ...values,
    );
    note();
    return timer;
  });
}

function watchClearer(name: string, forget: (timer: Timer) => void): void {
  replace(name, (original: ClearTimer) => (timer?: Timer) => {
    if (timer !== undefined) forget(timer);
    original(timer);
  });
}

/**
 * Replaces a global function, and keeps the properties of the original: `util.promisify` looks for
 * one.
 */
function replace<T extends object>(name: string, make: (original: T) => T): void {
  const global = globalThis as unknown as Record<string, T>;
  const original = global[name]!;
  global[name] = Object.defineProperties(
    make(original),
    Object.getOwnPropertyDescriptors(original),
  );
}

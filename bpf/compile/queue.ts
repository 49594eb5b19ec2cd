/**
 * Compilations one after another: libbcc is not thread-safe.
 *
 * @module
 */

/** How many compilations on another thread have not ended. */
let pending = 0;
/** Resolves when the last of the queue has ended. */
let last: Promise<unknown> = Promise.resolve();

/** Whether a compilation on another thread has not ended. */
export const isCompiling = (): boolean => pending > 0;

/** Compiles after what was queued before. */
export function enqueue<T>(compile: () => Promise<T>): Promise<T> {
  pending++;
  const result = last.then(compile).finally(() => pending--);
  last = result.catch(() => {});
  return result;
}

/**
 * Does something while no other thread compiles: at once, or after what is queued. libbcc keeps the
 * tables of all modules in one map without a lock (`SharedTableStorage::tables_`), from which
 * destroying a module removes its tables: a module compiled meanwhile could lose its own.
 */
export function whileIdle(act: () => void): void {
  if (pending === 0) act();
  else last = last.then(act);
}

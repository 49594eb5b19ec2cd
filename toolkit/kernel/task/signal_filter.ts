/**
 * The filter by signal (signal_filter.h in TypeScript); `signalFilter()` sets it.
 *
 * @module
 */

import { functions } from "../../../kernel.ts";
import { array, bool } from "../../../mod.ts";

/** `isSignalWanted(number)` */
export const wantedSignals = functions({
  globals: { wanted_signals: array(bool, 65) },
  constants: { by_signal: false },
}, ({ by_signal, wanted_signals }) => ({
  /** Whether a signal is traced. */
  isSignalWanted: (signal: number): boolean => !by_signal || wanted_signals[signal]!,
}));

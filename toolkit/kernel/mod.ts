/**
 * Shared kernel code for tools whose kernel side is TypeScript, for `kernel({ use: [taskFilter, taskWho] })`.
 * It is an entry point of its own, like `kernel.ts`, because the compiler's parser comes from a registry.
 *
 * @example A tool that prints a row per event
 * ```ts
 * import { i32, struct } from "../../mod.ts";
 * import { kernel, ringBuffer, tracepoint } from "../../kernel.ts";
 * import { Who } from "../mod.ts";
 * import { taskFilter, taskWho } from "./mod.ts";
 *
 * const Event = struct("event", { who: Who, signal: i32 });
 *
 * const code = kernel({
 *   use: [taskFilter, taskWho],
 *   maps: { events: ringBuffer(Event) },
 * }, {
 *   enter: tracepoint("syscalls/sys_enter_kill", (call, { events, isWanted, who }) => {
 *     if (!isWanted()) return;
 *     events.emit({ who: who(), signal: call.sig });
 *   }),
 * });
 * ```
 *
 * @module
 */

export { callsInFlight } from "./base/calls.ts";
export { type TaskFilter, taskFilter } from "./task/filter.ts";
export { type TaskNumbers, taskNumbers } from "./task/numbers.ts";
export { type TaskWho, taskWho } from "./task/who.ts";

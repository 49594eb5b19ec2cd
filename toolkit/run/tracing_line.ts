/**
 * The line "Tracing …" that a tool prints on a terminal before its first event.
 *
 * @module
 */

/**
 * The line made from a tool's summary: "Trace TCP accepts." becomes "Tracing TCP accepts... Hit
 * Ctrl-C to end."
 */
export function tracingLine(summary: string): string {
  const what = /^Trace (?:the )?(.+?)(?:: .*|, and .*| and summarize)?\.$/.exec(summary)?.[1];
  return `Tracing${what === undefined ? "" : ` ${what}`}... Hit Ctrl-C to end.`;
}

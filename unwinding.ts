/**
 * What the toolkit's stacks read of processes: call frame tables, and Python's and Ruby's own frames. No part of the
 * API: it may change with any version.
 *
 * Apart from plumbing.ts for the same reason as compiler.ts.
 *
 * @module
 */

export { hearMappings } from "./bpf/symbols/user_symbols.ts";
export { mappedCallFrames, type MappedFrames } from "./bpf/symbols/mapped_call_frames.ts";
export { type MappedPython, mappedPython } from "./bpf/symbols/mapped_python.ts";
export { type MappedRuby, mappedRuby } from "./bpf/symbols/mapped_ruby.ts";

/**
 * Wraps a function so that its value is computed at the first call: what only `Bpf.compile` needs
 * must not slow the start of precompiled tools.
 */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

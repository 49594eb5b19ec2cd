/**
 * Returns a function that makes its value at the first call: what only texts need should cost no
 * time at the start of a tool that has been compiled before.
 */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

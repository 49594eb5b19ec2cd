/**
 * The order in which mutexes are locked, as a graph: an edge leads from a mutex that a thread held
 * to one that it locked meanwhile. A cycle means that threads may wait for each other for ever.
 *
 * @module
 */

/** A directed graph of mutexes, to which edges are added. */
export class LockGraph<E extends { readonly from: bigint; readonly to: bigint }> {
  readonly #edges = new Map<bigint, Map<bigint, E>>();
  readonly #nodes = new Set<bigint>();
  #count = 0;

  /** The number of mutexes. */
  get nodes(): number {
    return this.#nodes.size;
  }

  /** The number of edges. */
  get edges(): number {
    return this.#count;
  }

  /** All edges, in the order of their mutexes. */
  *[Symbol.iterator](): Generator<E> {
    for (const from of this.#edges.values()) yield* from.values();
  }

  /** Adds a new edge; returns a shortest cycle that it closes, starting with it. */
  add(edge: E): readonly E[] | undefined {
    const { from, to } = edge;
    let followers = this.#edges.get(from);
    if (!followers) this.#edges.set(from, followers = new Map());
    if (followers.has(to)) return undefined;
    followers.set(to, edge);
    this.#nodes.add(from).add(to);
    this.#count++;
    const back = this.#path(to, from);
    return back && [edge, ...back];
  }

  /** A shortest path from one mutex to another. */
  #path(start: bigint, end: bigint): E[] | undefined {
    const cameBy = new Map<bigint, E | undefined>([[start, undefined]]);
    // Breadth-first: iterating over a Map also visits entries added during the iteration.
    for (const [node] of cameBy) {
      if (node === end) break;
      for (const edge of this.#edges.get(node)?.values() ?? []) {
        if (!cameBy.has(edge.to)) cameBy.set(edge.to, edge);
      }
    }
    if (!cameBy.has(end)) return undefined;
    const path: E[] = [];
    for (let edge = cameBy.get(end); edge; edge = cameBy.get(edge.from)) path.unshift(edge);
    return path;
  }
}

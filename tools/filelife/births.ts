/**
 * When files were created, by what they are known by: their inode, or else their path.
 *
 * @module
 */

/** What a file is known by. */
export interface FileKey {
  /** Device, number and generation of the inode; undefined if they are not known. */
  readonly id: string | undefined;
  /** The path, with all that tells what it leads to. */
  readonly path: string;
}

interface Birth extends FileKey {
  readonly time: number;
}

/** As many files as are remembered; then the oldest is forgotten. */
const MOST = 100_000;

/** The files that were created lately and are still there. */
export class Births {
  readonly #most: number;
  /** In the order of their creation. */
  readonly #all = new Set<Birth>();
  readonly #byId = new Map<string, Birth>();
  readonly #byPath = new Map<string, Birth>();

  constructor(most = MOST) {
    this.#most = most;
  }

  /** A file was created. */
  add(key: FileKey, time: number): void {
    this.#take(this.#byPath.get(key.path)); // what had this path is gone, whoever removed it
    this.#put({ ...key, time });
    if (this.#all.size > this.#most) this.#take(this.#all.values().next().value);
  }

  /** A file was removed; when it was created, if that is known. */
  remove({ id, path }: FileKey): number | undefined {
    const known = id === undefined ? undefined : this.#byId.get(id);
    const named = this.#byPath.get(path);
    // A path may have led to another file since.
    const isOther = id !== undefined && named?.id !== undefined && named.id !== id;
    return this.#take(known ?? (isOther ? undefined : named))?.time;
  }

  /** A file has another path; what had that one is gone. */
  rename(from: string, to: string): void {
    const moved = this.#take(this.#byPath.get(from));
    this.#take(this.#byPath.get(to));
    if (moved) this.#put({ ...moved, path: to });
  }

  /** Two files have each other's path. */
  exchange(one: string, other: string): void {
    const first = this.#take(this.#byPath.get(one));
    const second = this.#take(this.#byPath.get(other));
    if (first) this.#put({ ...first, path: other });
    if (second) this.#put({ ...second, path: one });
  }

  #put(birth: Birth): void {
    this.#all.add(birth);
    this.#byPath.set(birth.path, birth);
    if (birth.id !== undefined) this.#byId.set(birth.id, birth);
  }

  #take(birth: Birth | undefined): Birth | undefined {
    if (!birth) return undefined;
    this.#all.delete(birth);
    if (this.#byPath.get(birth.path) === birth) this.#byPath.delete(birth.path);
    if (birth.id !== undefined && this.#byId.get(birth.id) === birth) this.#byId.delete(birth.id);
    return birth;
  }
}

/**
 * The absolute path, without `.`, `..` and what is doubled, that a path means.
 *
 * @param directories where it starts, innermost first
 */
export function absolutePath(path: string, directories: readonly string[]): string {
  const names: string[] = [];
  const start = path.startsWith("/") ? [] : directories.toReversed();
  for (const name of [...start, ...path.split("/")]) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}

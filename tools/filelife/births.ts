/**
 * Remembers when files were created, by inode, or else by path.
 *
 * @module
 */

/** The identity of a file. */
export interface FileKey {
  /** Device, inode number and generation; undefined if unknown. */
  readonly id: string | undefined;
  /** The path, with the namespace and root it is resolved in. */
  readonly path: string;
}

interface Birth extends FileKey {
  readonly time: number;
}

/** How many files are remembered; beyond that the oldest is forgotten. */
const MOST = 100_000;

/** Files that were created while tracing and still exist. */
export class Births {
  readonly #most: number;
  /** In the order of creation. */
  readonly #all = new Set<Birth>();
  readonly #byId = new Map<string, Birth>();
  readonly #byPath = new Map<string, Birth>();

  constructor(most = MOST) {
    this.#most = most;
  }

  /** Records the creation of a file. */
  add(key: FileKey, time: number): void {
    // A file that had this path before is gone, even if its removal was not seen.
    this.#take(this.#byPath.get(key.path));
    this.#put({ ...key, time });
    if (this.#all.size > this.#most) this.#take(this.#all.values().next().value);
  }

  /** Records the removal of a file; returns when it was created, if known. */
  remove({ id, path }: FileKey): number | undefined {
    const known = id === undefined ? undefined : this.#byId.get(id);
    const named = this.#byPath.get(path);
    // The path may belong to another file by now: its id differs.
    const isOther = id !== undefined && named?.id !== undefined && named.id !== id;
    return this.#take(known ?? (isOther ? undefined : named))?.time;
  }

  /** Records a rename; a file that had the new path is gone. */
  rename(from: string, to: string): void {
    const moved = this.#take(this.#byPath.get(from));
    this.#take(this.#byPath.get(to));
    if (moved) this.#put({ ...moved, path: to });
  }

  /** Records an exchange of two paths (RENAME_EXCHANGE of renameat2(2)). */
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
 * The absolute path for a path, without `.`, `..` and doubled slashes.
 *
 * @param directories the directories it is relative to, innermost first
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

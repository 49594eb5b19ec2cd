/**
 * Opening shared libraries: lazily, in a stated order, with errors a person can act on.
 *
 * The order is: a path given with {@linkcode setLibraryPath}, the environment variable (not in a
 * process with more rights than who started it), the copy embedded in this executable, the system's. The word `system` as path or variable skips the
 * embedded copy.
 *
 * @module
 */

import { TsBccError } from "./error/ts_bcc_error.ts";
import { memfd } from "./libc/files.ts";
import { loader } from "./libc/libc.ts";
import { cString, textAt } from "./libc/memory.ts";
import { isSecure } from "./libc/secure.ts";
import { runtime, type Symbols, type SymbolTable } from "./runtime/runtime.ts";

/** A shared library this project calls. */
export interface LibrarySpec<T extends SymbolTable> {
  /** Short name, as {@linkcode setLibraryPath} takes it: `libbpf`. */
  readonly name: string;
  /** What the dynamic loader looks for: `libbpf.so.1`. */
  readonly soname: string;
  /** The environment variable that names a file instead, or `system`. */
  readonly variable: string;
  readonly table: T;
  /** Libraries this one needs; embedded or overridden copies of them are opened first. */
  readonly needs?: readonly LibrarySpec<SymbolTable>[];
  /** How to get it, for error messages: `install libbpf1 (Debian) …`. */
  readonly hint: string;
}

/** A library that is missing, unreadable or too old; the message says which and what to do. */
export class LibraryError extends TsBccError {
  /** The name of the class. */
  override name = "LibraryError";

  /** What went wrong: see {@linkcode ErrorKind}. */
  override get kind(): "library" {
    return "library";
  }
}

const RTLD_NOW = 2;
/**
 * Limit on the missing functions that a message names: a wrong library lacks more than a hundred.
 */
const MOST_NAMED = 3;

const HINT_EMBEDDED =
  "the copy embedded in this executable does not fit this system's C library: " +
  'install libbpf and set TSBCC_LIBZ, TSBCC_LIBELF and TSBCC_LIBBPF to "system"';

const embedded = new Map<string, Uint8Array>();
const paths = new Map<string, string>();

/** Makes libraries carried inside the executable known, each behind those it needs. Opens none. */
export function embedLibraries(libraries: Iterable<readonly [string, Uint8Array]>): void {
  for (const [soname, content] of libraries) embedded.set(soname, content);
}

/** Opens `name` ("libbpf", "libelf", "libz") from `path` when it is first needed; `system` works too. */
export function setLibraryPath(name: string, path: string): void {
  paths.set(name, path);
}

/** Returns a function that opens the library at its first call and hands out the symbols ever after. */
export function lazyLibrary<T extends SymbolTable>(spec: LibrarySpec<T>): () => Symbols<T> {
  let symbols: Symbols<T> | undefined;
  return () => symbols ??= open(spec);
}

function open<T extends SymbolTable>(spec: LibrarySpec<T>): Symbols<T> {
  for (const [soname, content] of neededBefore(spec)) {
    load(content, soname, HINT_EMBEDDED);
  }
  return bind(spec, choice(spec) ?? spec.soname);
}

/** The libraries to load first; the dynamic loader finds the others through DT_NEEDED. */
function neededBefore(spec: LibrarySpec<SymbolTable>): Map<string, Uint8Array | string> {
  const needed = new Map<string, Uint8Array | string>(embedded);
  needed.delete(spec.soname);
  for (const other of spec.needs ?? []) {
    const content = choice(other);
    if (content === undefined) needed.delete(other.soname);
    else needed.set(other.soname, content);
  }
  return needed;
}

/** A path, the embedded bytes, or undefined for the system's copy. */
function choice(spec: LibrarySpec<SymbolTable>): Uint8Array | string | undefined {
  const variable = isSecure() ? undefined : runtime.environment(spec.variable);
  const asked = paths.get(spec.name) || variable;
  if (asked) return asked === "system" ? undefined : asked;
  return embedded.get(spec.soname);
}

/** A loaded library: the loader's handle and a path by which it is found again. */
interface Loaded {
  readonly handle: bigint;
  readonly path: string;
}

/**
 * Loads a library by path, or from memory: a memfd has no name that anybody could predict or write
 * to. glibc satisfies the DT_NEEDED of libraries loaded later by the SONAME of those already there.
 */
function load(content: Uint8Array | string, soname: string, hint: string): Loaded {
  // Never closed: glibc takes an equal path for the same library, and the number would be reused.
  const path = typeof content === "string" ? content : `/proc/self/fd/${memfd(soname, content)}`;
  // The loader itself is asked: its messages are the same under both runtimes, and it looks for a
  // soname in the system's folders only, where Bun would go on to the current one.
  const handle = loader().dlopen(cString(path), RTLD_NOW);
  if (handle !== 0n) return { handle, path };
  const from = content === soname ? "" : ` from "${path}"`;
  const said = textAt(loader().dlerror());
  const reason = said.startsWith(`${path}: `) ? said.slice(path.length + 2) : said;
  throw new LibraryError(`Cannot open ${soname}${from}: ${reason}: ${hint}`);
}

function bind<T extends SymbolTable>(
  spec: LibrarySpec<T>,
  content: Uint8Array | string,
): Symbols<T> {
  const { handle, path } = load(content, spec.soname, spec.hint);
  const names = Object.keys(spec.table);
  const absent = new Set(names.filter((name) => loader().dlsym(handle, cString(name)) === 0n));
  const missing = names.filter((name) => absent.has(name) && !spec.table[name]!.optional);
  if (missing.length > 0) {
    const more = missing.length - MOST_NAMED;
    const named = missing.slice(0, MOST_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
    throw new LibraryError(
      `Cannot use ${spec.soname} from "${path}": it has no ${named}: too old, or not ` +
        `${spec.name}: ${spec.hint}`,
    );
  }
  const present = names.filter((name) => !absent.has(name));
  const table = Object.fromEntries(present.map((name) => [name, spec.table[name]!]));
  const nulls = Object.fromEntries([...absent].map((name) => [name, null]));
  return { ...nulls, ...runtime.open(path, table) } as Symbols<T>;
}

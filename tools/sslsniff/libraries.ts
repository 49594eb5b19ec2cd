/**
 * The TLS libraries that sslsniff supports: finds their functions that carry data, and probes them.
 *
 * @module
 */

import {
  type Bpf,
  ErrnoError,
  exists,
  type Link,
  mappedFiles,
  type UserFunction,
  userFunctions,
} from "../../mod.ts";

/** The programs at a function's entry and return. */
type Programs = readonly [begin: string, end: string];

const READ: Programs = ["begin_call", "end_read"];
const WRITE: Programs = ["begin_call", "end_write"];
const NSPR_READ: Programs = ["begin_nspr", "end_read"];
const NSPR_WRITE: Programs = ["begin_nspr", "end_write"];

/** A TLS library. */
interface Library {
  /** The short name by which the dynamic linker finds the library: `ssl`. */
  readonly file: string;
  readonly functions: Readonly<Record<string, Programs>>;
  /** The functions of the TLS handshake. */
  readonly handshakes: Readonly<Record<string, Programs>>;
}

/** Libraries by the name that `--extra-lib` takes. */
const LIBRARIES = {
  openssl: {
    file: "ssl",
    functions: {
      SSL_read: READ,
      SSL_write: WRITE,
      SSL_read_ex: ["begin_ex", "end_read"],
      SSL_write_ex: ["begin_ex", "end_write"],
    },
    handshakes: { SSL_do_handshake: ["begin_call", "end_openssl_handshake"] },
  },
  gnutls: {
    file: "gnutls",
    functions: { gnutls_record_recv: READ, gnutls_record_send: WRITE },
    handshakes: { gnutls_handshake: ["begin_call", "end_gnutls_handshake"] },
  },
  nss: {
    file: "nspr4",
    functions: {
      PR_Read: NSPR_READ,
      PR_Recv: NSPR_READ,
      PR_Write: NSPR_WRITE,
      PR_Send: NSPR_WRITE,
    },
    handshakes: {},
  },
} satisfies Record<string, Library>;

/** A library's name. */
export type LibraryName = keyof typeof LIBRARIES;

/** All names. */
export const LIBRARY_NAMES = Object.keys(LIBRARIES) as LibraryName[];

/** A function to trace. */
interface TracedFunction extends UserFunction {
  readonly path: string;
  readonly library: LibraryName;
  readonly programs: Programs;
}

/** Which libraries to search, and where. */
export interface Wanted {
  readonly names: readonly LibraryName[];
  /** Additional files. */
  readonly extra: readonly { readonly name: LibraryName; readonly path: string }[];
  readonly handshake: boolean;
  readonly pid: number | undefined;
}

/**
 * The functions to trace. Each library is searched in the files that the process has mapped (its
 * executable too, for static linking), else in the file that the dynamic linker would load. The
 * files of `--extra-lib` are searched in addition.
 *
 * @throws {Error} if there are no functions at all, or none in a file of `--extra-lib`
 */
function functionsToTrace({ names, extra, handshake, pid }: Wanted): TracedFunction[] {
  const mapped = pid === undefined ? [] : mappedFiles(pid);
  const found = mapped.flatMap(({ path }) => functionsIn(path, names, handshake, pid));
  for (const name of names) {
    if (found.some(({ library }) => library === name)) continue;
    found.push(...functionsIn(LIBRARIES[name].file, [name], handshake, undefined));
  }
  for (const { name, path } of extra) {
    const traced = functionsIn(path, [name], handshake, pid);
    if (traced.length === 0) {
      const functions = Object.keys(LIBRARIES[name].functions).join(", ");
      const problem = exists(path)
        ? `it is no ELF file with ${functions}`
        : "there is no such file";
      throw new Error(`Cannot trace ${name} in "${path}": ${problem}`);
    }
    found.push(...traced);
  }
  if (found.length > 0) return found;
  const files = names.map((name) => `lib${LIBRARIES[name].file}.so (${name})`).join(", ");
  throw new Error(
    `Cannot trace TLS: ${
      pid === undefined ? "the dynamic linker knows" : "the process uses"
    } none of ${files || "what is left"}: name a library or program with --extra-lib`,
  );
}

/** The functions of the libraries in a file; none if it is not an ELF file or does not exist. */
function functionsIn(
  file: string,
  names: readonly LibraryName[],
  handshake: boolean,
  pid: number | undefined,
): TracedFunction[] {
  const known = new Map(names.flatMap((library) => {
    const { functions, handshakes }: Library = LIBRARIES[library];
    return Object.entries({ ...functions, ...handshake ? handshakes : {} })
      .map(([name, programs]) => [name, { library, programs }] as const);
  }));
  try {
    // Several symbols may be aliases of one function: it is probed once.
    return userFunctions(file, new RegExp(`^(${[...known.keys()].join("|")})$`), pid)
      .map((each) => ({ ...each, path: file, ...known.get(each.name)! }));
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return [];
    if (error instanceof ErrnoError && error.code === "ENOENT") return [];
    throw error;
  }
}

/** Attaches to the functions, returns first: a return without an entry is ignored. */
export function attachLibraries(bpf: Bpf, wanted: Wanted, trace: (where: string) => void): Link[] {
  const { pid } = wanted;
  return functionsToTrace(wanted).flatMap(({ path, name, offset, programs: [begin, end] }) => {
    const file = path.startsWith("/") ? { path } : { library: path };
    const where = { ...file, offset, ...pid === undefined ? {} : { pid } };
    trace(`${path}: ${name}`);
    return [
      bpf.program(end).attachUprobe({ ...where, atReturn: true }),
      bpf.program(begin).attachUprobe(where),
    ];
  });
}

/**
 * One compilation with libbcc: the memory, files and environment that it needs, and its output.
 *
 * @module
 */

import { compileOnThread } from "../../ffi/compile_thread.ts";
import { onFatalError } from "../../ffi/fatal_error.ts";
import { libbcc } from "../../ffi/libbcc.ts";
import { close, memfd, readText } from "../../ffi/libc/files.ts";
import { errnoText } from "../../ffi/libc/libc.ts";
import { alloc, cString } from "../../ffi/libc/memory.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import {
  captureStderr,
  printError,
  withDirectory,
  withEnvironment,
} from "../../ffi/libc/process_state.ts";
import { absolutePath, absolutePaths, includeFolders } from "./cflags.ts";
import { ADDITION, declaredTypes, typesVariable } from "./declared_types.ts";
import { CompileError } from "./compile_error.ts";
import { tellEnd } from "./llvm_exit.ts";
import { Module } from "./module.ts";
import { BpfError, permissionReason } from "../base/errors.ts";
import { chooseHeaders } from "./headers/choose.ts";
import { ownTexts } from "./headers/mentions.ts";
import { type HeaderTree, makeHeaders } from "./headers/tree.ts";
import { reservedTables } from "./reserved_events.ts";
import { withTracepointStructs } from "./tracepoint_struct.ts";
import { describeProbe } from "../usdt/usdt.ts";
import { readerText, type UsdtHook, type UsdtReader, usdtReaders } from "../usdt/usdt_readarg.ts";
import type { CompileOptions, CompileSource, DebugOutput } from "./compile_options.ts";

/** Flags of libbcc (bcc_common.h and bpf_module.h of bcc). */
const DEBUG: Readonly<Record<DebugOutput, number>> = {
  "llvm-ir": 1,
  "bytecode": 2,
  "preprocessor": 4,
  "source": 8,
  "registers": 16,
  "btf": 32,
};

/** Otherwise a misspelt helper becomes a call that only the verifier refuses, by a number. */
const STRICT = ["-Werror=implicit-function-declaration"];
/** How many missing headers in a row are added before giving up. */
const MOST_RETRIES = 20;
const EPERM = 1;
/**
 * libbcc searches the current directory for headers before the kernel's, and root may have started
 * the tool in a folder that others can write to. Only root can write here.
 */
const SAFE_FOLDER = "/";

/** The memory a call of the compiler reads. */
interface Call {
  readonly text: Uint8Array<ArrayBuffer>;
  readonly flags: number;
  readonly list: Uint8Array<ArrayBuffer>;
  readonly count: number;
}

/** The module and the compiler's output. */
interface Outcome {
  readonly handle: bigint;
  readonly output: string;
}

/** One compilation: everything it needs is created here and released with it. */
export class Job implements Disposable {
  readonly #name: string;
  readonly #text: string;
  readonly #headers: HeaderTree | undefined;
  readonly #folder: string | undefined;
  readonly #hooks: readonly UsdtHook[];
  readonly #readers: ReadonlyMap<string, UsdtReader>;
  readonly #debug: ReadonlySet<DebugOutput>;
  /** The user's text with some types renamed, each line where it was. */
  readonly #compiled: string;
  /** A memory file with what has to come before the text; undefined when nothing has to. */
  readonly #before: number | undefined;
  readonly #texts: readonly string[];
  readonly #marker = `__tsbcc_module_${Math.random().toString(36).slice(2)}`;
  #types: readonly string[];
  #call: Call;
  /** The flags' memory, whose addresses are in the call's list. */
  readonly #strings: readonly Uint8Array<ArrayBuffer>[];

  constructor(source: CompileSource, options: CompileOptions) {
    const file = typeof source === "string" ? undefined : absolutePath(source.file);
    this.#name = options.name ??
      (file === undefined ? "program" : (source as { file: string }).file);
    this.#text = file === undefined ? source as string : readText(file);
    this.#hooks = options.usdt ?? [];
    this.#readers = usdtReaders(this.#hooks);
    const cflags = [...STRICT, ...absolutePaths(options.cflags ?? [])];
    const includes = includeFolders(cflags);
    const folder = file?.slice(0, file.lastIndexOf("/"));
    // For "…" includes only: <linux/ptrace.h> is the kernel's, even if the file's folder has one.
    if (folder !== undefined) cflags.push("-iquote", folder);

    const chosen = chooseHeaders(options.headers, `compile ${this.#title()}`);
    const given = `${this.#text}\n${cflags.filter((flag) => flag.startsWith("-D")).join("\n")}`;
    const search = { folder, includes };
    const fromBtf = chosen === "btf";
    const withStructs = withTracepointStructs(this.#text, search, fromBtf);
    this.#compiled = withStructs.text;
    // Not in the text itself: debug information refers to its lines by number.
    const before = withStructs.before + readerText(this.#readers);
    this.#before = before === "" ? undefined : memfd("before.h", new TextEncoder().encode(before));
    if (this.#before !== undefined) cflags.push("-include", `/proc/self/fd/${this.#before}`);
    try {
      this.#headers = fromBtf ? makeHeaders(given, search) : undefined;
    } catch (error) {
      this.#closeBefore();
      throw error;
    }
    this.#folder = this.#headers?.path ?? chosen as string;

    this.#strings = cflags.map(cString);
    const list = alloc(8 * (cflags.length + 1));
    const view = new DataView(list.buffer);
    this.#strings.forEach((text, i) => view.setBigUint64(8 * i, runtime.addressOf(text), true));
    const debug = options.debug ?? [];
    this.#debug = new Set(debug);
    const flags = debug.reduce((bits, part) => bits | DEBUG[part], 0);
    this.#texts = [...ownTexts(this.#text, search)];
    this.#types = declaredTypes(this.#texts);
    this.#call = { text: this.#wholeText(), flags, list, count: cflags.length };
  }

  /** Runs the compiler on this thread. */
  run(compile: (call: Call) => bigint): Outcome {
    for (let retries = 0;; retries++) {
      using _environment = withEnvironment("BCC_KERNEL_SOURCE", this.#folder);
      using _directory = withDirectory(SAFE_FOLDER);
      using capture = captureStderr();
      using _end = onFatalError((reason) => this.#tellEnd(reason, capture.finish()));
      const outcome = { handle: compile(this.#call), output: capture.finish() };
      if (retries === MOST_RETRIES || !this.#addMissing(outcome)) return outcome;
    }
  }

  /** Runs the compiler on another thread. */
  async runAsync(): Promise<Outcome> {
    libbcc();
    for (let retries = 0;; retries++) {
      const { text, flags, list, count } = this.#call;
      using _environment = withEnvironment("BCC_KERNEL_SOURCE", this.#folder);
      using capture = captureStderr();
      const [address, cflags] = [runtime.addressOf(text), runtime.addressOf(list)];
      const folder = SAFE_FOLDER;
      const handle = await compileOnThread({ text: address, flags, cflags, count, folder });
      const outcome = { handle, output: capture.finish() };
      if (retries === MOST_RETRIES || !this.#addMissing(outcome)) return outcome;
    }
  }

  /** Makes the module, its named programs loaded. */
  finish({ handle, output }: Outcome): Module {
    if (handle === 0n) throw this.#failure(output);
    const module = new Module(this.#name, handle, {
      source: this.#text,
      texts: this.#texts,
      marker: this.#marker,
      readers: this.#readers,
      bytecode: this.#debug.has("bytecode"),
      registers: this.#debug.has("registers"),
    });
    try {
      this.#checkHooks(module);
      module.loadNamed();
    } catch (error) {
      module[Symbol.dispose]();
      throw error;
    }
    // Warnings, and what other threads wrote to standard error while it was redirected.
    printError(output);
    return module;
  }

  #closeBefore(): void {
    if (this.#before !== undefined) close(this.#before);
  }

  [Symbol.dispose](): void {
    this.#headers?.[Symbol.dispose]();
    this.#closeBefore();
    // Used here, so that the memory stays alive until the compiler has read it.
    void this.#strings.length;
  }

  /** The text with what is added to it. */
  #wholeText(): Uint8Array<ArrayBuffer> {
    const added = reservedTables(this.#text) + typesVariable(this.#types, this.#marker);
    return cString(this.#compiled + added);
  }

  /** Adds the header that the compiler did not find; true when another attempt makes sense. */
  #addMissing({ handle, output }: Outcome): boolean {
    if (handle !== 0n) return false;
    if (output.includes(ADDITION) && this.#types.length > 0) {
      // The appended variable refers to types that are local to a function or undefined: compile
      // without it.
      const names = output.matchAll(/unknown type name '(\w+)'/g).map(([, name]) => name);
      const unknown = new Set(names);
      const rest = this.#types.filter((type) => !unknown.has(type));
      this.#types = rest.length < this.#types.length ? rest : [];
      this.#call = { ...this.#call, text: this.#wholeText() };
      return true;
    }
    if (!this.#headers) return false;
    const header = /fatal error: '([^']+)' file not found/.exec(output)?.[1];
    return header !== undefined && this.#headers.add(header);
  }

  #checkHooks({ programs }: Module): void {
    const names = programs.map((program) => program.name);
    const unknown = this.#hooks.find((hook) => !names.includes(hook.program));
    if (unknown === undefined) return;
    const probe = describeProbe(unknown);
    throw new TypeError(
      `Cannot find program "${unknown.program}" for ${probe} in ${this.#title()}: ` +
        `it has ${names.join(", ") || "none"}`,
    );
  }

  #failure(output: string): Error {
    const [, map, text] = /could not open bpf map: (.*), error: (.*)/.exec(output) ?? [];
    if (map === undefined) return new CompileError(this.#title(), this.#text, output);
    const errno = Array.from({ length: 133 }, (_, i) => i + 1).find((n) => errnoText(n) === text);
    const reason = errno === EPERM ? permissionReason() : undefined;
    return new BpfError("load", `create map "${map}" of ${this.#title()}`, errno ?? 0, reason);
  }

  #tellEnd(reason: string, output: string): void {
    printError(`${tellEnd(this.#title(), reason, output)}\n`);
    this[Symbol.dispose]();
  }

  #title(): string {
    return `"${this.#name}"`;
  }
}

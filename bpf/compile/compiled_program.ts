/**
 * A function of a compiled text as a program, loaded when its type is known.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { libbcc } from "../../ffi/libbcc.ts";
import { close } from "../../ffi/libc/files.ts";
import { bufferText, cString, textAt } from "../../ffi/libc/memory.ts";
import {
  map,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  type Mapping,
  PROT_READ,
  PROT_WRITE,
} from "../../ffi/libc/mmap.ts";
import { captureStderr, printError } from "../../ffi/libc/process_state.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { attachReader, attachUsdt } from "../attach/usdt.ts";
import { BpfError, permissionReason, VerifierError } from "../base/errors.ts";
import type { LoadedProgram } from "../loaded_program.ts";
import { AttachType } from "../tables/attach_type.ts";
import { ProgramType } from "../tables/program_type.ts";
import { probeName, type UsdtOptions } from "../usdt/usdt.ts";
import type { UsdtReader } from "../usdt/usdt_readarg.ts";
import { attachNamed, hookOf, type NamedHook } from "./hook_names.ts";
import { userLines } from "./source_lines.ts";

// The kernel's limit for a verifier log (UINT_MAX >> 8); pages cost nothing until they are written.
const LOG_SIZE = 0xffffff;
const BY_KERNEL = -1;

/**
 * Log levels. BPF_LOG_LEVEL2: the verifier logs its state at each instruction, also of programs
 * that it accepts.
 */
const [NOTHING, ALL_STATES] = [0, 2];

/** How programs are loaded. */
export interface Loading {
  /** How programs read the arguments of USDT probes, by name. */
  readonly readers: ReadonlyMap<string, UsdtReader>;
  /** What the user wrote. */
  readonly source: string;
  /** The source, and the user's own files that it includes. */
  readonly texts: readonly string[];
  /** The name of a struct that no other module's BTF has. */
  readonly marker: string;
  /** Whether to print their instructions, and what the verifier found of each. */
  readonly bytecode: boolean;
  readonly registers: boolean;
}

/** One function of a module, loaded when its type of program is known. */
export class CompiledProgram implements LoadedProgram {
  readonly name: string;
  readonly section: string;
  readonly hook: NamedHook | undefined;
  readonly #module: bigint;
  readonly #id: bigint;
  readonly #reader: UsdtReader | undefined;
  readonly #loading: Loading;
  /** Loaded programs by program type and, where it was given, attach type. */
  readonly #fds = new Map<string, number>();

  /** Made by {@linkcode Module}. */
  constructor(module: bigint, id: number, loading: Loading) {
    this.#module = module;
    this.#id = BigInt(id);
    this.name = textAt(libbcc().bpf_function_name(module, this.#id));
    this.hook = hookOf(this.name);
    this.#reader = loading.readers.get(this.name);
    this.#loading = loading;
    const probes = this.#reader?.probes.map((probe) => `usdt/${probeName(probe)}`);
    this.section = this.hook?.section ?? probes?.join(", ") ?? "";
  }

  get isLoaded(): boolean {
    return this.#fds.size > 0;
  }

  fd(type: ProgramType | undefined = this.#type, attachType?: AttachType): number {
    if (type === undefined) {
      const [loaded] = this.#fds.values();
      if (loaded !== undefined) return loaded;
      throw new TypeError(
        `Cannot use program "${this.name}": it is not loaded yet, because its name tells no hook: ` +
          "attach it, or load it as one type of program",
      );
    }
    const key = `${type} ${attachType}`;
    let fd = this.#fds.get(key);
    if (fd === undefined) this.#fds.set(key, fd = this.#load(type, attachType));
    return fd;
  }

  /** The type its hook needs. */
  get #type(): ProgramType | undefined {
    return this.hook?.type ?? (this.#reader && "KPROBE");
  }

  attach() {
    if (this.hook) return attachNamed(this, this.hook);
    if (this.#reader) return attachReader(this, this.#reader);
    throw new TypeError(
      `Cannot attach program "${this.name}": its name tells no hook: use another attach method`,
    );
  }

  attachUsdt(options: UsdtOptions) {
    return attachUsdt(this, options, this.#reader);
  }

  close(): void {
    for (const fd of this.#fds.values()) close(fd);
    this.#fds.clear();
  }

  #load(type: ProgramType, attachType: AttachType | undefined): number {
    const lib = libbcc();
    const start = lib.bpf_function_start_id(this.#module, this.#id);
    const size = Number(lib.bpf_function_size_id(this.#module, this.#id));
    using log = map("a log buffer", LOG_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    using capture = captureStderr();
    const fd = lib.bcc_func_load(
      this.#module,
      ProgramType[type],
      cString(this.name),
      start,
      size,
      cString(textAt(lib.bpf_module_license(this.#module))),
      lib.bpf_module_kern_version(this.#module),
      this.#loading.registers ? ALL_STATES : NOTHING,
      log.address,
      LOG_SIZE,
      null,
      attachType === undefined ? BY_KERNEL : AttachType[attachType],
    );
    const output = capture.finish();
    if (fd < 0) throw this.#failure(-fd, log, output);
    if (this.#loading.bytecode) {
      printError(instructionLines(this.name, new Uint8Array(runtime.view(start, size))));
    }
    if (this.#loading.registers) printError(bufferText(new Uint8Array(log.buffer)));
    return fd;
  }

  #failure(errno: number, log: Mapping, output: string): Error {
    const text = bufferText(new Uint8Array(log.buffer));
    if (text !== "") {
      return new VerifierError(this.name, errno, text, userLines(this.#loading.source, text));
    }
    const said = output.split("\n").find((line) => line.startsWith("bpf: "))?.slice(5);
    const refused = errno === Errno.EPERM || errno === Errno.EACCES;
    // libbcc's message repeats the errno's text, unless it adds a hint.
    const isRepeated = said === undefined || said.startsWith("Failed to load program: ");
    const reason = refused && isRepeated ? permissionReason() : said;
    return new BpfError("load", `load program "${this.name}"`, errno, reason);
  }
}

/** Eight bytes per line, as bpftool prints opcodes; an instruction takes one line or two. */
function instructionLines(name: string, bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
  const lines = Array.from(
    { length: bytes.length / 8 },
    (_, i) => `${String(i).padStart(4)}: ${hex.slice(8 * i, 8 * i + 8).join(" ")}\n`,
  );
  return `${name}:\n${lines.join("")}`;
}

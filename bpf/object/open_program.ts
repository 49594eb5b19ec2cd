/**
 * A program of an object before it is loaded.
 *
 * @module
 */

import { libbpf } from "../../ffi/libbpf.ts";
import { close, duplicate } from "../../ffi/libc/files.ts";
import { cString } from "../../ffi/libc/memory.ts";
import { BpfError } from "../base/errors.ts";
import { AttachType } from "../tables/attach_type.ts";
import { ProgramType } from "../tables/program_type.ts";
import type { ProgramHandle } from "./object_file.ts";
import { LOG_SIZE, newLog } from "./verifier_log.ts";

/** A program's attach target: a kernel function, or a function of another program. */
export interface AttachTarget {
  /**
   * A kernel function for fentry, fexit and fmod_ret; an LSM hook without `bpf_lsm_`; a tracepoint
   * for tp_btf; the kind of object for an iterator, such as `task`. With `program`, one of its
   * functions.
   */
  readonly function: string;
  /** A loaded program with BTF, to replace (freplace) or trace a function of it. */
  readonly program?: { readonly fd: number };
}

/** What a program or map needs from its object. */
export interface Owner {
  /** @param action continues "Cannot …" @throws {TypeError} once the object is loaded or closed */
  requireOpen(action: string): void;
  /** Keeps a resource until the object is loaded or closed. */
  keep(holder: Disposable): void;
}

/** Creates an {@linkcode OpenProgram}; the constructor is private, so its parameters are no API. */
export let newOpenProgram: (...made: [program: ProgramHandle, owner: Owner]) => OpenProgram;

/** A program of an {@linkcode OpenObject}; what is set here takes effect at loading. */
export class OpenProgram {
  /** The C function's name. */
  readonly name: string;
  /** The ELF section, which tells the hook: `tracepoint/syscalls/sys_enter_openat`. */
  readonly section: string;
  readonly #program: ProgramHandle;
  readonly #owner: Owner;

  private constructor(program: ProgramHandle, owner: Owner) {
    this.name = program.name;
    this.section = program.section;
    this.#program = program;
    this.#owner = owner;
  }

  static {
    newOpenProgram = (...made) => new OpenProgram(...made);
  }

  /** Whether it is loaded with the object. Default true. */
  get autoload(): boolean {
    return libbpf().bpf_program__autoload(this.#handle("look at")) !== 0;
  }

  set autoload(on: boolean) {
    this.#done("leave out", libbpf().bpf_program__set_autoload(this.#handle("leave out"), +on));
  }

  /**
   * Its type as C spells it, without the prefix: `TRACEPOINT`. By default the section's; `UNSPEC`
   * if libbpf does not know the section: then the type must be set.
   */
  get type(): string {
    return nameIn(ProgramType, libbpf().bpf_program__type(this.#handle("look at")), "UNSPEC");
  }

  set type(type: ProgramType) {
    const handle = this.#handle("change the type of");
    const number = numberIn(ProgramType, type, `program "${this.name}"`);
    this.#done("change the type of", libbpf().bpf_program__set_type(handle, number));
  }

  /**
   * The expected attach type, for program types where the kernel wants it at load time. By default
   * the section's.
   */
  get attachType(): string {
    return nameIn(AttachType, libbpf().bpf_program__expected_attach_type(this.#handle("look at")));
  }

  set attachType(type: AttachType) {
    const handle = this.#handle("change the attach type of");
    const number = numberIn(AttachType, type, `program "${this.name}"`);
    const result = libbpf().bpf_program__set_expected_attach_type(handle, number);
    this.#done("change the attach type of", result);
  }

  /**
   * Sets the attach target, instead of the section's. {@linkcode Program.attach} attaches it there.
   *
   * @throws {BpfError} ESRCH when there is no such function
   */
  attachTo({ function: name, program }: AttachTarget): this {
    const handle = this.#handle("choose the target of");
    const fd = program === undefined ? 0 : duplicate(program.fd);
    // libbpf resolves the target's types when it loads the object.
    if (fd > 0) this.#owner.keep({ [Symbol.dispose]: () => close(fd) });
    const result = libbpf().bpf_program__set_attach_target(handle, fd, cString(name));
    const action = `choose "${name}" as the target of`;
    this.#done(action, result, `there is no "${name}" that this type of program can be for`);
    return this;
  }

  /** The flags it is loaded with: BPF_F_SLEEPABLE (16) and others. */
  get flags(): number {
    return libbpf().bpf_program__flags(this.#handle("look at"));
  }

  set flags(flags: number) {
    const result = libbpf().bpf_program__set_flags(this.#handle("change the flags of"), flags);
    this.#done("change the flags of", result);
  }

  /**
   * What the verifier logs although it accepts the program, for {@linkcode log}: a sum of 1, brief;
   * 2, every instruction with the verifier's state, megabytes for a large program; 4, statistics at
   * the end. Default 0, nothing. A refusal is always logged, in {@linkcode VerifierError}. 4 needs
   * Linux >= 5.2.
   */
  get logLevel(): number {
    return libbpf().bpf_program__log_level(this.#handle("look at"));
  }

  set logLevel(level: number) {
    const handle = this.#handle("change the log level of");
    if (!Number.isInteger(level) || level < 0 || level > 7) {
      throw new RangeError(
        `Cannot change the log level of program "${this.name}" to ${level}: expected 0 to 7`,
      );
    }
    if (level > 0 && !this.#program.log) {
      const log = this.#program.log = newLog();
      this.#owner.keep(log);
      const result = libbpf().bpf_program__set_log_buf(handle, log.address, BigInt(LOG_SIZE));
      this.#done("make a log for", result);
    }
    this.#done("change the log level of", libbpf().bpf_program__set_log_level(handle, level));
  }

  /** The verifier's log, available after loading; empty without a {@linkcode logLevel}. */
  get log(): string {
    return this.#program.log?.text() ?? "";
  }

  #handle(action: string): bigint {
    this.#owner.requireOpen(`${action} program "${this.name}"`);
    return this.#program.handle;
  }

  #done(action: string, result: number, reason?: string): void {
    if (result >= 0) return;
    throw new BpfError("open", `${action} program "${this.name}"`, -result, reason);
  }
}

/** The C name of a number, without its prefix. */
function nameIn(table: Readonly<Record<string, number>>, number: number, zero?: string): string {
  if (number === 0 && zero !== undefined) return zero;
  return Object.entries(table).find(([, each]) => each === number)?.[0] ?? `type ${number}`;
}

/** The number of a C name. @throws {TypeError} for an unknown name */
export function numberIn(
  table: Readonly<Record<string, number>>,
  name: string,
  what: string,
): number {
  const number = Object.hasOwn(table, name) ? table[name] : undefined;
  if (number !== undefined) return number;
  const known = Object.keys(table).join(", ");
  throw new TypeError(`Cannot change the type of ${what} to "${name}": there is ${known}`);
}

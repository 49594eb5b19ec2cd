/**
 * One kernel program of a loaded object.
 *
 * @module
 */

import type { Link } from "./base/link.ts";
import { pinDescriptor } from "./base/pin.ts";
import { Hooks } from "./hooks.ts";
import type { LoadedProgram } from "./loaded_program.ts";
import { type ProgramInfo, programInfo } from "./program_info.ts";
import type { ProgramType } from "./tables/program_type.ts";
import { type RunOptions, runProgram, type RunResult } from "./test_run.ts";

/** Creates a {@linkcode Program}; the constructor is private, so its parameters are no API. */
export let newProgram: (
  ...made: [program: LoadedProgram, links: Set<Link>]
) => Program;

/**
 * A program in the kernel. Every attach method returns a {@linkcode Link}; links still open when
 * the object is closed are closed with it.
 *
 * A program compiled at run time without a hook in its name is loaded by the first attach method,
 * with the program type of that hook; verifier errors are thrown by that method.
 */
export class Program extends Hooks {
  /** The C function's name. */
  readonly name: string;
  /** The ELF section, which tells the hook: `tracepoint/syscalls/sys_enter_openat`; or empty. */
  readonly section: string;
  readonly #program: LoadedProgram;

  /** Made by {@linkcode Bpf.load} and {@linkcode Bpf.compile}. */
  private constructor(program: LoadedProgram, links: Set<Link>) {
    super(program, links);
    this.name = program.name;
    this.section = program.section;
    this.#program = program;
  }

  static {
    newProgram = (...made) => new Program(...made);
  }

  /**
   * The program's file descriptor, which belongs to the object: do not close it. @throws
   * {TypeError} before it is loaded
   */
  get fd(): number {
    return this.#program.fd();
  }

  /** What the kernel reports about it. Needs Linux >= 4.13. @throws {BpfError} */
  get info(): ProgramInfo {
    return programInfo(this.name, this.fd);
  }

  /**
   * Runs the program without its hook, on a packet or a context (BPF_PROG_TEST_RUN).
   *
   * Programs for packets need Linux >= 4.12, raw tracepoints 5.10, `SEC("syscall")` 5.14; programs of
   * tracepoints, kprobes, uprobes and perf events cannot be run.
   *
   * @throws {BpfError} ENOTSUPP for a program type that cannot be run
   */
  run(options: RunOptions = {}): RunResult {
    return runProgram(this.name, this.fd, options);
  }

  /**
   * Loads a program compiled without a hook in its name as that program type, for other uses than
   * attaching; returns its file descriptor. Other programs are loaded already.
   *
   * @throws {VerifierError}
   */
  load(type: ProgramType): number {
    return this.#program.fd(type);
  }

  /** Keeps the program in the kernel under a name in a bpf file system. @throws {BpfError} */
  pin(path: string): void {
    pinDescriptor(`program "${this.name}"`, this.fd, path);
  }
}

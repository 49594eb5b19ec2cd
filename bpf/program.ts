/**
 * One kernel program of a loaded object.
 *
 * @module
 */

import { libbpf } from "../ffi/libbpf.ts";
import { textAt } from "../ffi/memory.ts";
import type { Attachable } from "./attach/attachment.ts";
import { attachRawTracepoint } from "./attach/raw_tracepoint.ts";
import { attachSection } from "./attach/section.ts";
import { attachTracepoint } from "./attach/tracepoint.ts";
import { attachUprobe, type UprobeOptions } from "./attach/uprobe.ts";
import { Link } from "./link.ts";

/**
 * A program in the kernel. Every attach method returns a {@linkcode Link}; links still open when
 * the object is closed are closed with it.
 */
export class Program {
  /** The C function's name. */
  readonly name: string;
  /** The ELF section, which tells the hook: `tracepoint/syscalls/sys_enter_openat`. */
  readonly section: string;
  readonly #attachable: Attachable & { readonly section: string };
  readonly #links: Set<Link>;

  /** Made by {@linkcode Bpf.load}. */
  constructor(handle: bigint, links: Set<Link>) {
    this.name = textAt(libbpf().bpf_program__name(handle));
    this.section = textAt(libbpf().bpf_program__section_name(handle));
    this.#attachable = { name: this.name, section: this.section, handle };
    this.#links = links;
  }

  /** The program's file descriptor; it stays the object's. */
  get fd(): number {
    return libbpf().bpf_program__fd(this.#attachable.handle);
  }

  /** Attaches where the section says. @throws {BpfError} */
  attach(): Link {
    return this.#own(attachSection(this.#attachable));
  }

  /** Attaches to tracepoint `category/name`. Needs Linux >= 4.7 and tracefs. @throws {BpfError} */
  attachTracepoint(category: string, name: string): Link {
    return this.#own(attachTracepoint(this.#attachable, category, name));
  }

  /** Attaches to a raw tracepoint. Needs Linux >= 4.17. @throws {BpfError} */
  attachRawTracepoint(name: string): Link {
    return this.#own(attachRawTracepoint(this.#attachable, name));
  }

  /** Attaches to a user function's entry or return. Needs Linux >= 4.17. @throws {BpfError} */
  attachUprobe(options: UprobeOptions): Link {
    return this.#own(attachUprobe(this.#attachable, options));
  }

  #own(link: Link): Link {
    const owned = new Link(link.description, () => {
      this.#links.delete(owned);
      link.close();
    });
    this.#links.add(owned);
    return owned;
  }
}

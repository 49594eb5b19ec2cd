/**
 * The attach methods, one for each kind of hook.
 *
 * @module
 */

import {
  attachCgroup,
  attachNamespace,
  attachSockMap,
  attachToFd,
  type CgroupAttachType,
  type DescriptorOptions,
  type NamespaceAttachType,
  type SockMapAttachType,
} from "./attach/cgroup.ts";
import { attachIterator, type IteratorOptions } from "./attach/iterator.ts";
import {
  attachKprobe,
  attachKretprobe,
  type KernelFunctions,
  type KprobeOptions,
  type KretprobeOptions,
} from "./attach/kprobe.ts";
import type { PatternOptions } from "./attach/multi.ts";
import type { Interface } from "./attach/interface.ts";
import { attachPerfEvent, type PerfEventOptions } from "./attach/perf_event.ts";
import { attachRawTracepoint, type RawTracepointOptions } from "./attach/raw_tracepoint.ts";
import { attachRawSocket, attachSocketFilter } from "./attach/socket_filter.ts";
import { attachNetfilter, type NetfilterOptions } from "./attach/netfilter.ts";
import { attachTc, type Direction, type TcOptions } from "./attach/tc.ts";
import {
  attachTracepoint,
  attachTracepoints,
  type TracepointOptions,
} from "./attach/tracepoint.ts";
import { attachUprobe } from "./attach/uprobe.ts";
import type { UprobeOptions } from "./attach/uprobe_options.ts";
import { attachXdp, type XdpOptions } from "./attach/xdp.ts";
import type { AttachType } from "./tables/attach_type.ts";
import { type Link, newLink } from "./base/link.ts";
import type { LoadedProgram } from "./loaded_program.ts";
import { programMisses } from "./program_info.ts";
import type { KernelObject } from "./maps/object_map.ts";
import type { PacketSocket } from "./attach/packet_socket.ts";
import type { UsdtOptions } from "./usdt/usdt.ts";

/** The part of {@linkcode Program} that attaches it, with a method for each kind of hook. */
export abstract class Hooks {
  readonly #program: LoadedProgram;
  readonly #links: Set<Link>;
  /** Open links of this program. */
  readonly #attached = new Set<Link>();
  /** Misses counted by links that are closed now. */
  #missed = 0;

  /** Made by {@linkcode Bpf.load} and {@linkcode Bpf.compile}. */
  protected constructor(program: LoadedProgram, links: Set<Link>) {
    this.#program = program;
    this.#links = links;
  }

  /**
   * How often the kernel did not run this program, so that its events are missing: because the same
   * program was running on that CPU already (recursion), or because a kernel probe was missed (see
   * {@linkcode Link.misses}). 0 before Linux 5.12, and before 6.7 for perf events of kprobes and
   * tracepoints; skipped samples of perf events are never counted.
   */
  get misses(): number {
    if (!this.#program.isLoaded) return 0;
    const links = [...this.#attached].reduce((sum, link) => sum + link.misses, this.#missed);
    return programMisses(this.#program.name, this.#program.fd()) + links;
  }

  /** Attaches where the section says. @throws {BpfError} */
  attach(): Link {
    return this.#own(this.#program.attach());
  }

  /**
   * Attaches to a kernel function's entry, or to those of all functions that match a pattern: see
   * {@linkcode kernelFunctions}. The link's `targets` lists them.
   *
   * With a list of names, the attach cookie (`bpf_get_attach_cookie()`) of each function is its
   * index; those that cannot be probed are skipped. A program of `SEC("kprobe.multi")` is attached
   * by one link or, where the kernel has no such links, not at all; any other by one perf event
   * each. The cookie needs Linux >= 5.15.
   *
   * Needs Linux >= 4.17. Since Linux 5.18 one link attaches to many functions at once, for programs
   * compiled at run time and those of `SEC("kprobe.multi")`; others take a perf event each, which
   * makes attaching and closing slow. @throws {BpfError}
   */
  attachKprobe(name: KernelFunctions, options?: KprobeOptions): Link {
    return this.#own(attachKprobe(this.#program, name, options));
  }

  /** Attaches like {@linkcode Program.attachKprobe}, to returns. @throws {BpfError} */
  attachKretprobe(name: KernelFunctions, options?: KretprobeOptions): Link {
    return this.#own(attachKretprobe(this.#program, name, options));
  }

  /** Attaches to tracepoint `category/name`. Needs Linux >= 4.7 and tracefs. @throws {BpfError} */
  attachTracepoint(category: string, name: string): Link;
  /** Attaches to all tracepoints `category/name` that match: see {@linkcode tracepoints}. */
  attachTracepoint(pattern: RegExp, options?: PatternOptions): Link;
  /**
   * Attaches to the tracepoints of a list. The attach cookie of each is its index, or taken from
   * `cookies`; cookies need Linux >= 5.15.
   */
  attachTracepoint(names: readonly string[], options?: TracepointOptions): Link;
  attachTracepoint(
    category: string | RegExp | readonly string[],
    rest?: string | PatternOptions | TracepointOptions,
  ): Link {
    if (typeof category !== "string") {
      const options = rest as PatternOptions & TracepointOptions;
      return this.#own(attachTracepoints(this.#program, category, options));
    }
    return this.#own(attachTracepoint(this.#program, category, rest as string));
  }

  /** Attaches to a raw tracepoint. Needs Linux >= 4.17. @throws {BpfError} */
  attachRawTracepoint(name: string, options?: RawTracepointOptions): Link {
    return this.#own(attachRawTracepoint(this.#program, name, options));
  }

  /**
   * Attaches to a user function's entry or return, or to all functions of a file that match a
   * pattern: see {@linkcode userFunctions}. The link's `targets` lists them.
   *
   * Needs Linux >= 4.17. Since Linux 6.6 one link attaches to many functions at once, for programs
   * compiled at run time, and for lists and programs of `SEC("uprobe.multi")`.
   *
   * @throws {BpfError}
   */
  attachUprobe(options: UprobeOptions): Link {
    return this.#own(attachUprobe(this.#program, options));
  }

  /**
   * Attaches to a USDT probe at all its locations. Meanwhile the probe's semaphore is raised: in
   * that process, or in all processes that use the file, also those started later.
   *
   * A precompiled program is in section `SEC("usdt")` and includes `bpf/usdt.bpf.h`; a program
   * compiled at run time that calls `bpf_usdt_readarg` also names the probe in the option `usdt`.
   * Needs Linux >= 4.20.
   *
   * @throws {BpfError} listing the probes of the file
   */
  attachUsdt(options: UsdtOptions): Link {
    return this.#own(this.#program.attachUsdt(options));
  }

  /**
   * Attaches an iterator, which {@linkcode Link.text} then runs. Needs Linux >= 5.8.
   *
   * @throws {BpfError}
   */
  attachIterator(options?: IteratorOptions): Link {
    return this.#own(attachIterator(this.#program, this.#program.name, options));
  }

  /** Attaches to samples of a clock or counter. Needs Linux >= 4.9. @throws {BpfError} */
  attachPerfEvent(options: PerfEventOptions): Link {
    return this.#own(attachPerfEvent(this.#program, options));
  }

  /**
   * Attaches to the packets that arrive at an interface. Needs Linux >= 5.9.
   *
   * Closing the link removes it; {@linkcode removeXdp} removes what others attached.
   *
   * @throws {BpfError}
   */
  attachXdp(target: Interface, options?: XdpOptions): Link {
    return this.#own(attachXdp(this.#program, target, options));
  }

  /** Attaches a classifier to one direction of an interface's packets. @throws {BpfError} */
  attachTc(target: Interface, direction: Direction, options?: TcOptions): Link {
    return this.#own(attachTc(this.#program, target, direction, options));
  }

  /**
   * Attaches to the packets of this network namespace, among the rules of iptables and nftables.
   * The program is in `SEC("netfilter")` and returns 1 to accept a packet, 0 to drop it. Needs
   * Linux >= 6.4.
   *
   * @throws {BpfError}
   */
  attachNetfilter(options: NetfilterOptions): Link {
    return this.#own(attachNetfilter(this.#program, options));
  }

  /**
   * Opens a socket that receives the packets of an interface which pass this filter. @throws
   * {BpfError}
   */
  attachRawSocket(target: Interface): PacketSocket {
    const closed = () => this.#links.delete(socket);
    const socket: PacketSocket = attachRawSocket(this.#program, target, closed);
    this.#links.add(socket);
    return socket;
  }

  /** Attaches a filter to a socket, by its descriptor. Needs Linux >= 3.19. @throws {BpfError} */
  attachSocketFilter(socket: number): Link {
    return this.#own(attachSocketFilter(this.#program, socket));
  }

  /**
   * Attaches to a cgroup and those below it: `"/sys/fs/cgroup/system.slice"`, or a descriptor.
   * Needs Linux >= 5.7 and cgroup version 2. @throws {BpfError}
   */
  attachCgroup(cgroup: string | number, type: CgroupAttachType): Link {
    return this.#own(attachCgroup(this.#program, cgroup, type));
  }

  /**
   * Attaches to a network namespace, this process's or that of a file such as `/run/netns/blue`.
   * Needs Linux >= 5.8. @throws {BpfError}
   */
  attachNamespace(type: NamespaceAttachType, path?: string): Link {
    return this.#own(attachNamespace(this.#program, type, path));
  }

  /**
   * Attaches to the sockets that are put into a SOCKMAP or SOCKHASH from now on; they keep the
   * program until they leave the map. Needs Linux >= 4.14. @throws {BpfError}
   */
  attachSockMap(map: KernelObject, type: SockMapAttachType): Link {
    return this.#own(attachSockMap(this.#program, map, type));
  }

  /**
   * Attaches to the object that a descriptor refers to, as bcc's `attach_func` does. On a cgroup
   * this becomes the only program unless `flags` say otherwise. @throws {BpfError}
   */
  attachToFd(fd: number, type: AttachType, options?: DescriptorOptions): Link {
    return this.#own(attachToFd(this.#program, fd, type, options));
  }

  #own(link: Link): Link {
    const release = () => {
      this.#missed += link.misses;
      this.#attached.delete(link);
      this.#links.delete(owned);
      link.close();
    };
    const owned = newLink(link.description, release, link.fd, link.targets, () => link.misses);
    this.#attached.add(link);
    this.#links.add(owned);
    return owned;
  }
}

/** The hardware of guests: the machine that QEMU emulates for each architecture, its CPUs and its memory. */
import { requireCommand, requireVirtiofsd } from "./apt.ts";
import type { Architecture } from "./kernels.ts";

const MEMORY_MIB = 2048;

/** The size of a guest. */
export interface Hardware {
  /** Number of CPUs. Default: 2. */
  cpus?: number;
  /** Number of NUMA nodes among which CPUs and memory are split. Default: 1. */
  nodes?: number;
}

/** QEMU's options for each architecture. */
export const MACHINES: Record<
  Architecture,
  {
    readonly qemu: [command: string, debianPackage: string];
    readonly board: string;
    readonly cpu: string;
    readonly console: string;
  }
> = {
  amd64: {
    qemu: ["qemu-system-x86_64", "qemu-system-x86"],
    board: "q35",
    // QEMU 7.2's emulation of cmpxchg16b corrupts the flags.
    cpu: "max,-cx16",
    console: "ttyS0",
  },
  arm64: {
    qemu: ["qemu-system-aarch64", "qemu-system-arm"],
    board: "virt",
    // With QEMU 7.2's CPU `max`, which has every feature it can emulate, Bun 1.4.5 crashes on Linux 6.12.
    cpu: "neoverse-n1",
    console: "ttyAMA0",
  },
};

/** QEMU's arguments for the CPUs and the memory of a guest, split evenly among its NUMA nodes. */
export function hardware(board: string, { cpus = 2, nodes = 1 }: Hardware): string[] {
  const memory = (name: string, mebibytes: number) => [
    "-object",
    `memory-backend-memfd,id=${name},size=${mebibytes}M,share=on`,
  ];
  if (nodes === 1) {
    const words = ["-M", `${board},memory-backend=memory`, "-smp", String(cpus)];
    return [...words, "-m", `${MEMORY_MIB}M`, ...memory("memory", MEMORY_MIB)];
  }
  const words = ["-M", board, "-smp", `${cpus},sockets=${nodes}`, "-m", `${MEMORY_MIB}M`];
  const each = cpus / nodes;
  for (let node = 0; node < nodes; node++) {
    const [name, first] = [`memory${node}`, node * each];
    words.push(...memory(name, MEMORY_MIB / nodes));
    words.push("-numa", `node,cpus=${first}-${first + each - 1},memdev=${name}`);
  }
  return words;
}

/** Returns the paths of QEMU and virtiofsd, installing them if need be. */
export async function requireLaunchTools(
  architecture: Architecture,
): Promise<{ qemu: string; virtiofsd: string }> {
  const qemu = await requireCommand(...MACHINES[architecture].qemu);
  return { qemu, virtiofsd: await requireVirtiofsd() };
}

/**
 * The filters at the start of a probe's program: it returns in processes that are not traced.
 *
 * @module
 */

import { FIRST_PID_NAMESPACE, u32 } from "../../../mod.ts";
import {
  type AnyMap,
  type Block,
  type CodeOperand,
  compareSlot,
  Helper,
  type ProgramWriter,
  type Reg,
} from "../../../compiler.ts";
import { MapType } from "../../../plumbing.ts";
import type { Machine } from "../../machine/machine.ts";
import type { ProbeFilters } from "../probe_code.ts";

/** TASK_COMM_LEN */
export const COMM_SIZE = 16;
/** The map with the cgroup of `--cgroup`. */
const CGROUP_MAP = "cgroup_root";

/** The map that `--cgroup` needs. */
export function cgroupMaps({ cgroup }: ProbeFilters): Record<string, AnyMap> {
  if (cgroup === undefined) return {};
  const type = MapType.CGROUP_ARRAY;
  return { [CGROUP_MAP]: { role: "entries", type, key: u32, value: u32, entries: 1 } as AnyMap };
}

/** Counts dropped events in a variable, `events_dropped`. */
export function countDropped({ builder, outside }: ProgramWriter): void {
  const { offset } = outside.globals.get("events_dropped")!;
  const one = builder.copy(1n);
  builder.keep();
  builder.atomicAdd(builder.mapValue(outside.section, offset), 0, 8, one);
}

/**
 * Process id in the upper half and thread id in the lower, as in the pid namespace of this process.
 */
export function currentIds(program: ProgramWriter, machine: Machine): Reg {
  const { builder } = program;
  return program.once("ids", () => {
    const inode = machine.namespaceInode("pid");
    if (inode === FIRST_PID_NAMESPACE) return builder.call(Helper.GET_CURRENT_PID_TGID);
    // struct bpf_pidns_info: thread id, process id.
    return builder.withSlot(8, (slot) => {
      builder.store(slot, 0, 8, 0n);
      const result = builder.call(
        Helper.GET_NS_CURRENT_PID_TGID,
        BigInt(machine.namespaceDevice()),
        BigInt(inode),
        { ...slot, offset: 0 },
        8n,
      );
      builder.keep();
      const [ids, found, end] = [builder.register(), builder.block(), builder.block()];
      builder.move(ids, 0n);
      builder.branch("eq", result, 0n, found, end);
      builder.enter(found);
      builder.move(ids, builder.load(slot, 0, 8));
      builder.enter(end);
      return ids;
    });
  });
}

/** One half of a 64-bit number. */
export function half({ builder }: ProgramWriter, both: Reg, part: "low" | "high"): Reg {
  return part === "low" ? builder.low32(both) : builder.alu("rsh", both, 32n) as Reg;
}

/** Returns from the program where a condition holds. */
function endWhere(
  { builder }: ProgramWriter,
  test: "eq" | "ne" | "sle",
  value: Reg,
  other: CodeOperand,
): void {
  const [end, on] = [builder.block(), builder.block()];
  builder.branch(test, value, other, end, on);
  builder.enter(end);
  builder.exit(0n);
  builder.enter(on);
}

/** Returns from the program in processes that are not traced. */
export function writeFilters(program: ProgramWriter, filters: ProbeFilters): void {
  const { builder } = program;
  const { pid, tid, uid, comm, cgroup, self, machine } = filters;
  const ids = currentIds(program, machine);
  const own = (part: "low" | "high") => half(program, ids, part);
  if (tid !== undefined) endWhere(program, "ne", own("low"), BigInt(tid));
  if (pid !== undefined) endWhere(program, "ne", own("high"), BigInt(pid));
  if (pid === undefined && tid === undefined && !self) {
    endWhere(program, "eq", own("high"), BigInt(machine.pid));
  }
  if (uid !== undefined) {
    const user = program.once("user", () => builder.call(Helper.GET_CURRENT_UID_GID));
    endWhere(program, "ne", half(program, user, "low"), BigInt(uid));
  }
  if (comm) endUnlessNamed(program, comm);
  if (cgroup !== undefined) {
    const inside = builder.call(Helper.CURRENT_TASK_UNDER_CGROUP, { map: CGROUP_MAP }, 0n);
    endWhere(program, "sle", builder.alu("arsh", builder.alu("lsh", inside, 32n), 32n) as Reg, 0n);
  }
}

/** Returns from the program if the thread's name does not contain the text. */
function endUnlessNamed(program: ProgramWriter, part: string): void {
  const { builder } = program;
  const bytes = new TextEncoder().encode(part);
  const [found, none] = [builder.block(), builder.block()];
  builder.withSlot(COMM_SIZE, (slot) => {
    builder.call(Helper.GET_CURRENT_COMM, { ...slot, offset: 0 }, BigInt(COMM_SIZE));
    for (let start = 0; start + bytes.length <= COMM_SIZE; start++) {
      const next: Block = builder.block();
      compareSlot(program, slot, start, bytes, found, next);
      builder.enter(next);
    }
    builder.jump(none);
  });
  builder.enter(none);
  builder.exit(0n);
  builder.enter(found);
}

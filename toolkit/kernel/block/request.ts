/**
 * Block I/O requests from their tracepoints (request.h in TypeScript).
 *
 * @module
 */

import { cast, functions, has, type StructOf } from "../../../kernel.ts";

/** The request of `rawTracepoint("block_rq_…")`, and whether its disk is traced. */
export const blockRequests = functions({
  constants: { target_device: 0 }, // 0: any; MKDEV() of the disk
}, ({ target_device }) => {
  const deviceOf = (request: StructOf<"struct request">): number => {
    const disk = has(request, "rq_disk") ? request.rq_disk : request.q.disk; // until Linux 5.16
    return disk.major << 20 | disk.first_minor;
  };
  return {
    // Until Linux 5.10 the queue comes first, as it does where there is a struct hd_struct.
    requestOf: (args: readonly bigint[]): StructOf<"struct request"> =>
      cast(has("struct hd_struct", "partno") ? args[1]! : args[0]!, "struct request"),
    /** Whether it belongs to a traced disk. */
    isDeviceWanted: (request: StructOf<"struct request">): boolean =>
      target_device === 0 || deviceOf(request) === target_device,
  };
});

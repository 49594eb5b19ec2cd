/**
 * Block I/O requests from their tracepoints (request.h in TypeScript).
 *
 * @module
 */

import { cast, functions, has, type StructOf } from "../../../kernel.ts";

/** The request of `rawTracepoint("block_rq_…")`, and whether its disk is traced. */
export const blockRequests = functions({
  // MKDEV() of the disk, 0: any. Whether block_rq_insert and block_rq_issue pass the queue first.
  constants: { target_device: 0, is_queue_first: false },
}, ({ target_device, is_queue_first }) => {
  const deviceOf = (request: StructOf<"struct request">): number => {
    const disk = has(request, "rq_disk") ? request.rq_disk : request.q.disk; // until Linux 5.16
    return disk.major << 20 | disk.first_minor;
  };
  return {
    requestOf: (args: readonly bigint[]): StructOf<"struct request"> =>
      cast(is_queue_first ? args[1]! : args[0]!, "struct request"),
    /** Whether it belongs to a traced disk. */
    isDeviceWanted: (request: StructOf<"struct request">): boolean =>
      target_device === 0 || deviceOf(request) === target_device,
  };
});

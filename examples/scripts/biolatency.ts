// How long block I/O takes, by disk, in microseconds.
import { hash, histogram, kernel, ktime, struct, tracepoint, u32, u64 } from "ts-bcc";

const Request = struct("request", { sector: u64, dev: u32, sectors: u32 });
const Disk = struct("disk", { major: u32, minor: u32 });

export default kernel({ maps: { issued: hash(Request, u64), us: histogram(Disk) } }, {
  issue: tracepoint("block/block_rq_issue", (e, { issued }) => {
    issued.set({ sector: e.sector, dev: e.dev, sectors: e.nr_sector }, ktime());
  }),
  complete: tracepoint("block/block_rq_complete", (e, { issued, us }) => {
    const since = issued.get({ sector: e.sector, dev: e.dev, sectors: e.nr_sector });
    if (since === undefined) return;
    issued.delete({ sector: e.sector, dev: e.dev, sectors: e.nr_sector });
    us.record((ktime() - since) / 1000n, { major: e.dev >> 20, minor: e.dev & 0xfffff });
  }),
});

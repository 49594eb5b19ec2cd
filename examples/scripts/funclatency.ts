// How long a function takes: `ts-bcc run funclatency.ts FILE FUNCTION`
import { hash, histogram, kernel, ktime, tid, u32, u64, uprobe, uretprobe } from "ts-bcc";

const [path = "/bin/bash", symbol = "readline"] = process.argv.slice(2);

export default kernel({ maps: { begun: hash(u32, u64), ns: histogram() } }, {
  enter: uprobe({ path, symbol }, (_, { begun }) => {
    begun.set(tid(), ktime());
  }),
  leave: uretprobe({ path, symbol }, (_, { begun, ns }) => {
    const since = begun.get(tid());
    if (since === undefined) return;
    begun.delete(tid());
    ns.record(ktime() - since);
  }),
});

/**
 * All tools, by name: what the executable of all tools holds. Each is imported when it is run.
 *
 * @module
 */

import type { AnyTool } from "../toolkit/run/tool.ts";

/** How to get each tool. */
export const tools: Readonly<Record<string, () => Promise<{ default: AnyTool }>>> = {
  argdist: () => import("./argdist/argdist.ts"),
  biolatency: () => import("./biolatency/biolatency.ts"),
  biosnoop: () => import("./biosnoop/biosnoop.ts"),
  biotop: () => import("./biotop/biotop.ts"),
  cachestat: () => import("./cachestat/cachestat.ts"),
  cpudist: () => import("./cpudist/cpudist.ts"),
  execsnoop: () => import("./execsnoop/execsnoop.ts"),
  exitsnoop: () => import("./exitsnoop/exitsnoop.ts"),
  ext4slower: () => import("./ext4slower/ext4slower.ts"),
  funccount: () => import("./funccount/funccount.ts"),
  funclatency: () => import("./funclatency/funclatency.ts"),
  killsnoop: () => import("./killsnoop/killsnoop.ts"),
  memleak: () => import("./memleak/memleak.ts"),
  offcputime: () => import("./offcputime/offcputime.ts"),
  opensnoop: () => import("./opensnoop/opensnoop.ts"),
  profile: () => import("./profile/profile.ts"),
  rubyallocs: () => import("./rubyallocs/rubyallocs.ts"),
  runqlat: () => import("./runqlat/runqlat.ts"),
  stackcount: () => import("./stackcount/stackcount.ts"),
  syscount: () => import("./syscount/syscount.ts"),
  tcpaccept: () => import("./tcpaccept/tcpaccept.ts"),
  tcpconnect: () => import("./tcpconnect/tcpconnect.ts"),
  tcplife: () => import("./tcplife/tcplife.ts"),
  tcpretrans: () => import("./tcpretrans/tcpretrans.ts"),
  tplist: () => import("./tplist/tplist.ts"),
  trace: () => import("./trace/trace.ts"),
};

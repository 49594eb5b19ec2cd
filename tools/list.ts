/**
 * All tools, by name: what the executable of all tools holds. Each is imported when it is run.
 *
 * @module
 */

import type { AnyTool } from "./frame/tool.ts";

/** How to get each tool. */
export const tools: Readonly<Record<string, () => Promise<{ default: AnyTool }>>> = {
  argdist: () => import("./argdist.ts"),
  biolatency: () => import("./biolatency.ts"),
  biosnoop: () => import("./biosnoop.ts"),
  biotop: () => import("./biotop.ts"),
  cachestat: () => import("./cachestat.ts"),
  cpudist: () => import("./cpudist.ts"),
  execsnoop: () => import("./execsnoop.ts"),
  exitsnoop: () => import("./exitsnoop.ts"),
  ext4slower: () => import("./ext4slower.ts"),
  funccount: () => import("./funccount.ts"),
  funclatency: () => import("./funclatency.ts"),
  killsnoop: () => import("./killsnoop.ts"),
  memleak: () => import("./memleak.ts"),
  offcputime: () => import("./offcputime.ts"),
  opensnoop: () => import("./opensnoop.ts"),
  profile: () => import("./profile.ts"),
  rubyallocs: () => import("./rubyallocs.ts"),
  runqlat: () => import("./runqlat.ts"),
  stackcount: () => import("./stackcount.ts"),
  syscount: () => import("./syscount.ts"),
  tcpaccept: () => import("./tcpaccept.ts"),
  tcpconnect: () => import("./tcpconnect.ts"),
  tcplife: () => import("./tcplife.ts"),
  tcpretrans: () => import("./tcpretrans.ts"),
  tplist: () => import("./tplist.ts"),
  trace: () => import("./trace.ts"),
};

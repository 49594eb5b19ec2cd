/** The executable of all tools from its source, without a tool. */
import { multicall } from "../../cli/ts_bcc.ts";

await multicall({}, {});

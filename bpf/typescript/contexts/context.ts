/**
 * The context, a program's first parameter, by its hook.
 *
 * @module
 */

import type { Program } from "../lower/program.ts";
import type { Value } from "../lower/values.ts";
import { I64 } from "../language/types.ts";
import { kprobeContext, tracingContext } from "./kernel_context.ts";
import { elements, fields, word } from "./parts.ts";
import { registerOffsets } from "../../tables/registers.ts";
import { tracepointContext } from "./tracepoint_context.ts";
import { usdtContext } from "./usdt_context.ts";

/** The context. */
export function contextOf(program: Program): Value {
  const { hook } = program;
  switch (hook.kind) {
    case "tracepoint":
      return tracepointContext(program, hook.category, hook.name);
    case "rawTracepoint":
      return fields(`raw tracepoint ${hook.name}`, {
        args: {
          ...elements(program, "the arguments", Array.from({ length: 12 }, (_, i) => 8 * i)),
          isOpen: true,
        },
      });
    case "uretprobe":
      return { ...word(program, registerOffsets().result), type: I64 };
    case "uprobe": {
      const { args, ip, sp } = registerOffsets();
      return fields("the probe", {
        args: elements(program, "the arguments", args),
        ip: word(program, ip),
        sp: word(program, sp),
      });
    }
    case "perfEvent": {
      const { ip, size } = registerOffsets();
      return fields("the sample", { ip: word(program, ip), period: word(program, size) });
    }
    case "kprobe":
    case "kretprobe":
      return kprobeContext(program, hook, registerOffsets());
    case "usdt":
      return usdtContext(program, hook.options);
    case "xdp":
    case "tc":
    case "socketFilter":
      return { kind: "packet" };
    default:
      return tracingContext(program, hook);
  }
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { Errno } from "../../ffi/libc/errno.ts";
import { attachError } from "./attachment.ts";

test("attachError() tells of descriptors that ran out, whatever the hook would say", () => {
  const { message } = attachError({ name: "on" }, "tracepoint a/b", Errno.EMFILE, () => "refused");
  assert.match(
    message,
    /^Cannot attach program "on" to tracepoint a\/b: .*\(EMFILE\): .*\(ulimit -n\)$/,
  );
  const other = attachError({ name: "on" }, "tracepoint a/b", Errno.EPERM, () => "refused");
  assert.match(other.message, /\(EPERM\): refused$/);
});

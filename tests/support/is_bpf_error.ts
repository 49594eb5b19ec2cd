import { BpfError } from "../../mod.ts";

/**
 * For `assert.throws`: whether an error is a BpfError with this code whose message ends with `end`.
 */
export function isBpfError(code: string, end = ""): (error: Error) => boolean {
  return (error) => error instanceof BpfError && error.code === code && error.message.endsWith(end);
}

/**
 * Explains the verifier's complaints to authors of TypeScript programs.
 *
 * These are the errors that only the kernel finds; the compiler detects the others.
 *
 * @module
 */

const REASONS: readonly (readonly [complaint: RegExp, reason: string])[] = [
  [
    /infinite loop detected|back-edge/,
    "it cannot prove that a loop ends: the loop's variable may only change in the direction of the constant " +
    "that it is compared with",
  ],
  [
    /too complex|program is too large|Processed \d+ insn|too many (?:states|instructions)/i,
    "there are more ways through the program than it follows: give loops fewer rounds, put none into " +
    "another, or move work to where the events are read",
  ],
  [
    /combined stack size|stack depth|stack.*too large/i,
    "it needs more than 512 bytes of stack: keep fewer and shorter texts and structs at a time",
  ],
  [
    /unknown func (?:\w+)#/,
    "this kernel is too old for a function that the program calls, or was built without it",
  ],
  [
    /cannot use helper|cannot call|helper access to the packet is not allowed|not allowed in/,
    "programs at this hook may not do that: do it at another hook, or where the events are read",
  ],
  [
    /doesn't have \d+-th argument|invalid bpf_context access|invalid context access/,
    "this kernel gives the hook no such argument",
  ],
  [
    /invalid access to packet/,
    "a packet is read that may be shorter: read it by packet.u8() and its like",
  ],
  [
    /_or_null/,
    "something may be missing that the program uses: check it first, if (x === undefined) return",
  ],
  [
    /unbounded|min value is (?:negative|outside)|max value is outside|outside of the (?:allowed )?memory range|invalid access to map value|invalid variable-offset/,
    "a number may be outside of what it chooses from: compare it with both ends first",
  ],
  [
    /invalid (?:indirect )?(?:read from|access to) stack|!read_ok/,
    "memory is used that is not fully initialized",
  ],
  [
    /At program exit the register R0|has (?:unknown scalar|value|smin)/,
    "it returns a value that is out of range at this hook",
  ],
  [
    /invalid mem access/,
    "a number is used as an address: read it by cast(), kernelNumber() or userNumber()",
  ],
  [
    /is not a kernel function|attach_btf_id|can only be attached|cannot be traced|not allowed to be|tracing of/i,
    "this function of the kernel cannot be traced so: try a kprobe, or the function that calls it",
  ],
  [
    /is not modifiable/,
    "this kernel does not let programs change what the function returns: it was built without " +
    "CONFIG_FUNCTION_ERROR_INJECTION, or the function is not in its list (/sys/kernel/debug/error_injection/list)",
  ],
  [
    /write into|cannot write|modify/,
    "it writes where a program may only read",
  ],
];

/** The cause and the remedy; undefined for unknown complaints. */
export function verifierReason(complaint: string): string | undefined {
  return REASONS.find(([pattern]) => pattern.test(complaint))?.[1];
}

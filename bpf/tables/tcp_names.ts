/**
 * Names of what TCP keeps as numbers.
 *
 * @module
 */

/** From 1 on (include/net/tcp_states.h), without TCP_; the last came with Linux 4.4 and 6.7. */
const STATES = (
  "ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN " +
  "CLOSING NEW_SYN_RECV BOUND_INACTIVE"
).split(" ");

/** From the lowest bit on (RFC 9293, RFC 3168). */
const FLAGS = "FIN SYN RST PSH ACK URG ECE CWR".split(" ");

/** The name of a state, such as `ESTABLISHED`; the number itself when it is none. */
export function tcpStateName(state: number): string {
  return STATES[state - 1] ?? String(state);
}

/** The names of the bits in a segment's flags, such as `SYN|ACK`; others of the bits have none. */
export function tcpFlagNames(flags: number): string {
  return FLAGS.filter((_, bit) => flags >> bit & 1).join("|");
}

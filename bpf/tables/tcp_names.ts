/**
 * Names of TCP states and flags.
 *
 * @module
 */

/** TCP_ESTABLISHED is 1 (include/net/tcp_states.h); the last two came with Linux 4.4 and 6.7. */
const STATES = (
  "ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN " +
  "CLOSING NEW_SYN_RECV BOUND_INACTIVE"
).split(" ");

/** From bit 0 on (RFC 9293, RFC 3168). */
const FLAGS = "FIN SYN RST PSH ACK URG ECE CWR".split(" ");

/** The name of a state, such as `ESTABLISHED`; the number as text when it is unknown. */
export function tcpStateName(state: number): string {
  return STATES[state - 1] ?? String(state);
}

/** The names of the flags that are set, such as `SYN|ACK`; unknown bits are ignored. */
export function tcpFlagNames(flags: number): string {
  return FLAGS.filter((_, bit) => flags >> bit & 1).join("|");
}

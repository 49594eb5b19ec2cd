// TCP connections when they end, and how long they lasted.
import { hash, ip, kernel, ktime, print, tracepoint, u64 } from "ts-bcc";

const [CLOSE, SYN_SENT, SYN_RECV] = [7, 2, 3];

export default kernel(
  { maps: { begun: hash(u64, u64) }, constants: { CLOSE, SYN_SENT, SYN_RECV } },
  {
    state: tracepoint("sock/inet_sock_set_state", (e, { begun, CLOSE, SYN_SENT, SYN_RECV }) => {
      if (e.newstate === SYN_SENT || e.newstate === SYN_RECV) begun.set(e.skaddr, ktime());
      if (e.newstate !== CLOSE) return;
      const since = begun.get(e.skaddr);
      if (since === undefined) return;
      begun.delete(e.skaddr);
      print(
        `${ip(e.saddr)}:${e.sport} ${ip(e.daddr)}:${e.dport} ${(ktime() - since) / 1_000_000n} ms`,
      );
    }),
  },
);

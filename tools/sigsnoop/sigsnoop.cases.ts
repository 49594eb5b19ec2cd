import { defineCases, type Row, times } from "../../tests/support/cases.ts";

const NOBODY = 4194305; // above the largest pid (PID_MAX_LIMIT, 4194304)
const script = `trap : USR1; for i in {1..47}; do kill -USR1 $$; done
  for i in {1..13}; do kill -TERM ${NOBODY} 2>/dev/null; done`;
const work = { script };
const isToItself = (row: Row, { pid }: { pid: number }) => row.pid === pid && row.tpid === pid;

export default defineCases({
  cases: [
    {
      name: "shows 47 signals that a process sends itself",
      canary: true,
      work,
      of: isToItself,
      rows: times(47, { comm: "bash", sig: 10, result: 0, code: 0, outcome: "delivered" }),
    },
    {
      name: "shows what the kernel sends",
      args: ["-n", "-s", "ALRM"],
      work: {
        script: `/usr/bin/python3 -c "
import signal, time
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.01)
time.sleep(0.5)" & wait $!`,
      },
      of: ({ sig, code }) => sig === "SIGALRM" && code === 128,
      rows: times(1, { result: 0, outcome: "delivered" }),
    },
    {
      name: "-k shows calls and what they return",
      args: ["-k"],
      work,
      rows: [
        ...times(47, { sig: 10, tpid: "{pid}", result: 0, outcome: null }),
        ...times(13, { sig: 15, tpid: NOBODY, result: -3, outcome: null }),
      ],
    },
    {
      name: "-k -x shows failures only",
      args: ["-k", "-x"],
      work,
      rows: times(13, { sig: 15, tpid: NOBODY, result: -3 }),
    },
    { name: "-x hides what is delivered", args: ["-x"], work, rows: [] },
    { name: "-s hides other signals", args: ["-s", "USR2,9"], work, rows: [] },
    {
      name: "prints libbpf-tools' table",
      args: ["-n", "-p", "{pid}"],
      work,
      lines: [
        /^TIME {5}PID {5}COMM {13}SIG {7}TPID {4}RESULT$/,
        /^\d\d:\d\d:\d\d {pid} +bash {13}SIGUSR1 {3}{pid} +0 *$/,
      ],
    },
  ],
  filters: { work, of: isToItself, expect: 47 },
});

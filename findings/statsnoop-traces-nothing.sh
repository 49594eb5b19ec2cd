#!/usr/bin/env bash
# libbpf-tools 0.26.0: statsnoop traces nothing, on any machine, and does not say so.
#
# Expected (its help: "Trace stat syscalls"): a program at the entry and one at the exit of each of statfs, statx,
#   newstat, newfstatat and newlstat that the kernel has, and a line for each call.
# Really: it prints its heading and holds no BPF program. Before it attaches to a system call it looks whether the
#   kernel has the tracepoint, by the name "statfs" instead of "sys_enter_statfs", which no kernel has; what is
#   missing is left out. It looks below debugfs only, too. Its sibling opensnoop, from the same package, holds
#   the programs of its two system calls.
# Needs root and the libraries of Debian 12's libbpf-tools; the package itself is fetched.
# Seen (Linux 6.18, tracefs and debugfs mounted):
#   opensnoop: programs held 4, lines for 7 calls 7
#   statsnoop: programs held 0, lines for 7 calls 0
#   the kernel has syscalls/statfs: no; syscalls/sys_enter_statfs: yes
set -euo pipefail
# Mounts are made for this script alone.
[[ ${1-} == alone ]] || exec unshare --mount --propagation private bash "$0" alone
mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q=2 libbpf-tools=0.26.0+ds-1 2>apt.log || { cat apt.log; exit 1; }
dpkg -x libbpf-tools_*.deb .
cat >calls.py <<'PY'
import os
for i in range(7):
    for call in os.statvfs, os.stat, os.lstat, lambda path: os.open(path, os.O_RDONLY):
        try: call("/no-such-file-of-findings")
        except OSError: pass
PY
observe() {
  local tool=$1 pid lines
  stdbuf -oL "usr/sbin/$tool" >"$tool.out" 2>"$tool.err" &
  pid=$!
  until grep -q PATH "$tool.out"; do sleep 0.1; done
  python3 calls.py
  sleep 2 # both read their buffers ten times a second
  lines=$(grep -c no-such-file-of-findings "$tool.out" || true)
  programs=$(grep -l '^prog_type' /proc/"$pid"/fdinfo/* | wc -l || true)
  kill -INT "$pid"
  wait "$pid" || true
  echo "$tool: programs held $programs, lines for 7 calls $lines"
}
has() { if [[ -e /sys/kernel/debug/tracing/events/syscalls/$1 ]]; then echo yes; else echo no; fi; }
{
  observe opensnoop
  observe statsnoop
  echo "the kernel has syscalls/statfs: $(has statfs); syscalls/sys_enter_statfs: $(has sys_enter_statfs)"
} | tee seen
diff - seen <<'SEEN' && echo "as found"
opensnoop: programs held 4, lines for 7 calls 7
statsnoop: programs held 0, lines for 7 calls 0
the kernel has syscalls/statfs: no; syscalls/sys_enter_statfs: yes
SEEN

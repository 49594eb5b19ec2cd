#!/usr/bin/env bash
# Debian 12's Python 3.11: the USDT probe function__entry stays silent for calls of Python functions.
#
# Expected: function__entry and function__return, which python3.11 lists both (tplist, bpftrace -l),
#   fire once each per call, as the manual says ("Instrumenting CPython with DTrace and SystemTap").
# Really: function__return fires for each of seven calls, function__entry for none: since 3.11 the
#   interpreter enters Python functions without the C call in which that probe was placed. A tool that
#   pairs the two (call trees, latencies) sees returns only, without any error.
# Needs root, a kernel with uprobes, and bpftrace (Debian 12's 0.17 was used).
# Seen (Linux 6.18):
#   function__entry of plain: 0
#   function__return of plain: 7
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
version=3.11.2-6+deb12u8
apt-get download -q=2 "python3.11-minimal=$version" "libpython3.11-minimal=$version" 2>apt.log ||
  { cat apt.log; exit 1; }
for package in *.deb; do dpkg -x "$package" .; done
cat >calls.py <<'PY'
def plain(n):
    return n + 1

for i in range(7):
    plain(i)
PY
python="$folder/usr/bin/python3.11"
export PYTHONHOME="$folder/usr"
for probe in function__entry function__return; do
  bpftrace -e "usdt:$python:python:$probe /str(arg1) == \"plain\"/ { @ = count() }" \
    -c "$python -I -S $folder/calls.py" >out 2>&1 || { cat out; exit 1; }
  echo "$probe of plain: $(sed -n 's/^@: //p' out | grep . || echo 0)"
done | tee seen
diff - seen <<'SEEN' && echo "as found"
function__entry of plain: 0
function__return of plain: 7
SEEN

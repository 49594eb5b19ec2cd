#!/usr/bin/env bash
# bpftrace 0.17.0 loses 64-bit values in hist(), lhist() and min(): nanoseconds beyond 4.3 seconds.
#
# Expected (bpftrace(8)): all of them take an int64. 5,000,000,000 is counted in the bucket [4G, 8G) of a log2
#   histogram, in [5000000000, 6000000000) of a linear one from 4 to 8 thousand million in steps of one, and
#   is the smallest value seen if there is no other. sum() and max() know it, and with 5 all five are right.
# Really, without a message: hist() counts it in [2G, 4G), as everything larger, which JSON calls
#   -2147483648 to 0; lhist() shows it nowhere; the map of min() is not there.
# Needs root and the libraries of Debian 12's bpftrace, which are large; bpftrace itself is fetched.
# Seen (Linux 6.18):
#   @hist: 1 in [2G, 4G)
#   @hist_5: 1 in [4, 8)
#   @lhist: no value
#   @lhist_5: 1 in [5, 6)
#   @max: 5000000000
#   @min_5: 5
#   @sum: 5000000000
#   JSON: {"type": "hist", "data": {"@hist": [{"min": -2147483648, "max": 0, "count": 1}]}}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q=2 bpftrace=0.17.0-1 2>apt.log || { cat apt.log; exit 1; }
dpkg -x bpftrace_*.deb .
cat >large.bt <<'BT'
BEGIN {
  @hist = hist(5000000000);
  @hist_5 = hist(5);
  @lhist = lhist(5000000000, 4000000000, 8000000000, 1000000000);
  @lhist_5 = lhist(5, 4, 8, 1);
  @max = max(5000000000);
  @min = min(5000000000);
  @min_5 = min(5);
  @sum = sum(5000000000);
  exit();
}
BT
echo 'BEGIN { @hist = hist(5000000000); exit(); }' >json.bt
# One line per map: its value, or the buckets that hold something.
summary() {
  awk '
    /^@[a-z_0-9]+: *[0-9]+$/ { print; next }
    /^@/ { name = $1; value[name] = " no value"; next }
    /^[[(].*\|/ {
      sub(/ *\|.*/, "")
      if ($NF != 0) { count = $NF; sub(/ +[0-9]+$/, ""); value[name] = " " count " in " $0 }
    }
    END { for (name in value) print name value[name] }
  ' | LC_ALL=C sort
}
{
  usr/bin/bpftrace large.bt 2>errors | summary
  echo "JSON: $(usr/bin/bpftrace -f json json.bt 2>errors | grep '"hist"')"
} | tee seen
diff - seen <<'SEEN' && echo "as found"
@hist: 1 in [2G, 4G)
@hist_5: 1 in [4, 8)
@lhist: no value
@lhist_5: 1 in [5, 6)
@max: 5000000000
@min_5: 5
@sum: 5000000000
JSON: {"type": "hist", "data": {"@hist": [{"min": -2147483648, "max": 0, "count": 1}]}}
SEEN

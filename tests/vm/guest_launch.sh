#!/bin/bash
# Becomes QEMU, with virtiofsd beside it: guest_launch.sh VIRTIOFSD ROOT PATH... -- QEMU ARGUMENT...
#
# Runs as process 1 of PID and mount namespaces of its own, so whatever ends it ends all it started,
# and its mounts are seen nowhere else. It shows the guest a root, and each PATH of the host's that
# is not in it, read-only on the host's side too.
set -euo pipefail
virtiofsd=$1 root=$2
shift 2
mount -t tmpfs tsbcc /mnt
mkdir /mnt/root
mount --bind "$root" /mnt/root
# Where a root of other machines' files has what is shown besides.
[ "$root" = / ] || for path; do
  [ "$path" != -- ] || break
  mkdir -p "/mnt/root$path"
done
mount -o remount,bind,ro /mnt/root
while [ "$1" != -- ]; do
  mount --bind "$1" "/mnt/root$1"
  mount -o remount,bind,ro "/mnt/root$1"
  shift
done
shift
# It locks a file of a fixed name in /run, where others' guests have theirs.
mount -t tmpfs tsbcc /run
# Descriptor 9 lets the caller, who waits until the pipe is closed, notice that it too has ended.
"$virtiofsd" -o source=/mnt/root --socket-path=/mnt/socket -o sandbox=chroot -o cache=always \
  9>&2 </dev/null >/mnt/log 2>&1 &
for ((tries = 0; tries < 1000; tries++)); do
  [ ! -S /mnt/socket ] || exec "$@"
  sleep 0.01
done
cat /mnt/log >&2
exit 1

#!/bin/bash
# Starts virtiofsd and executes QEMU: guest_launch.sh VIRTIOFSD ROOT PATH... -- QEMU ARGUMENT...
#
# Runs as process 1 of a pid namespace, in a mount namespace of its own: when it ends, the kernel
# ends all processes that it started, and its mounts are not visible elsewhere. The guest sees ROOT,
# and each PATH of the host that is on another file system. All of it is mounted read-only on the
# host, too.
set -euo pipefail
virtiofsd=$1 root=$2
shift 2
mount -t tmpfs tsbcc /mnt
mkdir /mnt/root
mount --bind "$root" /mnt/root
# A root of another architecture needs mount points for the paths.
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
# virtiofsd locks a file of a fixed name in /run: each guest gets a /run of its own.
mount -t tmpfs tsbcc /run
# Descriptor 9 is the caller's pipe, which is closed only when virtiofsd has ended as well.
"$virtiofsd" -o source=/mnt/root --socket-path=/mnt/socket -o sandbox=chroot -o cache=always \
  9>&2 </dev/null >/mnt/log 2>&1 &
for ((tries = 0; tries < 1000; tries++)); do
  [ ! -S /mnt/socket ] || exec "$@"
  sleep 0.01
done
cat /mnt/log >&2
exit 1

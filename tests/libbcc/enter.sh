#!/bin/bash
# Becomes a command in another root: enter.sh ROOT RESULTS PATH... -- COMMAND ARGUMENT...
#
# Runs in a mount namespace of its own, so its mounts are seen nowhere else and end with it. The
# command sees each PATH where it is here. What it writes goes to memory, and is gone afterwards,
# except what it writes to /run/tsbcc/results: that folder is RESULTS.
set -euo pipefail
root=$1 results=$2 layers=0
shift 2

# Shows a folder at another place, with room for changes that never reach it.
overlay() {
  local upper="/mnt/layers/$((++layers))"
  mkdir -p "$upper/changes" "$upper/work" "$2"
  mount -t overlay tsbcc "$2" -o "lowerdir=$1,upperdir=$upper/changes,workdir=$upper/work"
}

mount -t tmpfs tsbcc /mnt
overlay "$root" /mnt/root
while [ "$1" != -- ]; do
  overlay "$1" "/mnt/root$1"
  shift
done
shift
for path in /proc /sys /dev; do
  mkdir -p "/mnt/root$path"
  mount --rbind "$path" "/mnt/root$path"
done
mkdir -p /mnt/root/run/tsbcc/results
mount --bind "$results" /mnt/root/run/tsbcc/results
exec chroot /mnt/root env --chdir="$PWD" "$@"

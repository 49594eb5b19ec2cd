#!/bin/bash
# Executes a command in another root directory: enter.sh ROOT RESULTS PATH... -- COMMAND ARGUMENT...
#
# Runs in a mount namespace of its own: its mounts are not visible elsewhere and end with it. The
# command sees each PATH under its own name. Its writes go to memory and are lost at the end, except
# those to /run/tsbcc/results, where RESULTS is mounted.
set -euo pipefail
root=$1 results=$2 layers=0
shift 2

# Mounts a folder at another path through an overlay: changes go to memory, not to the folder.
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

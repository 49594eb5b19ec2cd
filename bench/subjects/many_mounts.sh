#!/bin/bash
# Runs a command in a mount namespace of its own, with COUNT more mounts: many_mounts.sh COUNT COMMAND…
set -euo pipefail
if [[ -z "${MANY_MOUNTS:-}" ]]; then
  MANY_MOUNTS=1 exec unshare --mount --propagation private "$0" "$@"
fi
mount -t tmpfs none /mnt
for ((i = 0; i < $1; i++)); do
  mkdir "/mnt/$i"
  mount -t tmpfs none "/mnt/$i"
done
shift
exec "$@"

#!/bin/busybox sh
# shellcheck shell=dash
#
# Process 1 of a test guest. Mounts the host's root by virtiofs, then runs jobs that the host sends
# over a virtio port, each in a fresh overlay of that root and in a cgroup of its own.
#
# From the host:  run ID BASE64-SCRIPT    kill ID
# To the host:    a job's output unchanged, with messages in between, lines that start with 0x1e and
# the token:
#                 ready RELEASE
#                 file ID NAME BASE64                     (for each in the job's /run/tsbcc/results)
#                 end ID STATUS FREE-BLOCKS ALL-BLOCKS

/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in /modules/*.ko; do insmod "$module"; done
read -r cmdline </proc/cmdline
for word in $cmdline; do
  case $word in tsbcc.token=*) token=${word#*=} ;; esac
done
for port in /sys/class/virtio-ports/*; do
  [ "$(cat "$port/name")" != agent ] || agent=/dev/${port##*/}
done

mount -t virtiofs -o ro host /host
for f in fd:self/fd stdin:self/fd/0 stdout:self/fd/1 stderr:self/fd/2; do
  ln -s "/proc/${f#*:}" "/dev/${f%:*}"
done
mkdir -p /dev/pts /dev/shm
mount -t debugfs debug /sys/kernel/debug
mount -t tracefs tracing /sys/kernel/tracing
mount -t securityfs security /sys/kernel/security
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
ip link set lo up

# The sizes leave half of the memory to programs: a full disk then gives ENOSPC, not an OOM kill,
# and filling it takes only seconds.
fresh_root() {
  mount -t tmpfs -o mode=755,size=30% upper /upper
  mkdir /upper/files /upper/work
  mount -t overlay -o lowerdir=/host,upperdir=/upper/files,workdir=/upper/work root /root
  mount -o bind /dev /root/dev
  mount -t devpts -o ptmxmode=666 pts /root/dev/pts
  mount -t tmpfs -o size=10% shm /root/dev/shm
  mount -t proc proc /root/proc
  mount -o rbind /sys /root/sys
  mount -t bpf bpf /root/sys/fs/bpf
  mount -t tmpfs -o mode=755,size=10% run /root/run
  mkdir -p /root/run/lock /root/run/tsbcc/results
}

# Ends the processes of a job; cgroup.kill is there since Linux 5.14.
kill_all() { # GROUP
  if [ -e "$1/cgroup.kill" ]; then
    echo 1 >"$1/cgroup.kill"
    return
  fi
  while grep -q 'populated 1' "$1/cgroup.events"; do
    find "$1" -name cgroup.procs -exec cat {} + | while read -r pid; do kill -KILL "$pid"; done 2>/dev/null
  done
}

say() { printf '\036%s %s\n' "$token" "$*" >&3; }

job() { # ID BASE64-SCRIPT
  group=/sys/fs/cgroup/tsbcc-$1
  mkdir "$group"
  fresh_root
  echo "$2" | base64 -d >/root/run/tsbcc/job
  {
    (
      echo 0 >"$group/cgroup.procs"
      exec chroot /root /bin/sh /run/tsbcc/job
    ) </dev/null
    echo $? >/status
    # Processes that the job left running would keep the pipe open and see the next job's root.
    kill_all "$group"
  } 3>&- 2>&1 | cat >&3
  for file in /root/run/tsbcc/results/*; do
    [ -f "$file" ] || continue
    printf '\036%s file %s %s ' "$token" "$1" "${file##*/}" >&3
    base64 -w 0 "$file" >&3
    echo >&3
  done
  blocks=$(stat -f -c '%a %b' /upper)
  umount -l /root
  umount -l /upper
  rmdir "$group"
  say end "$1" "$(cat /status)" "$blocks"
}

serve() {
  exec 3<>"$agent"
  say ready "$(uname -r)"
  while :; do
    read -r verb id script <&3 || { sleep 0.1; continue; }
    case $verb in
      run) job "$id" "$script" & ;;
      kill) kill_all "/sys/fs/cgroup/tsbcc-$id" ;;
    esac
  done
}

# Process 1 has to reap orphaned processes of the jobs: `wait` does.
serve &
wait
poweroff -f

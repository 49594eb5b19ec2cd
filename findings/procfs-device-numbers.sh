#!/usr/bin/env bash
# @stroncium/procfs 1.2.1 takes an NVMe disk for an IDE disk, sees 32 CPUs at most and cuts cgroups at a colon.
#
# Expected: the devId of a mount or disk is the st_dev of its files (proc(5), /proc/PID/mountinfo), as makedev(3)
#   makes it: 66306 for 259:2, the second partition of an NVMe disk. Cpus_allowed in /proc/PID/status is one
#   mask in words of 32 bits with commas between them, the highest first (cpuset(7), mask format). A cgroup's path is the
#   third and last field of its line (cgroups(7)) and may hold colons, as systemd's
#   "dbus-:1.2-NAME.service", which it makes for what D-Bus starts.
# Really, without an error: the upper bits of the major are cut off: 770, which is 3:2 (/dev/hda2), while 8:2 is
#   right. Only the first word of the mask is read, so that "40 CPUs" reads like "8 CPUs". The path ends at
#   its first colon.
# Seen (Node.js 20):
#   sda2: mount 2050, disk 2050
#   nvme0n1p2: mount 770, disk 770
#   major of 259:2: 3
#   mask of "ff": ff
#   mask of "ff,ffffffff": ff
#   cgroup: /user.slice/user-1000.slice/user@1000.service/app.slice/dbus-
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @stroncium/procfs@1.2.1
# The library reads any folder that looks like /proc.
mkdir -p proc/self proc/1
cat >proc/self/mountinfo <<'TEXT'
29 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw
30 29 259:2 / /home rw,relatime shared:2 - ext4 /dev/nvme0n1p2 rw
TEXT
cat >proc/diskstats <<'TEXT'
   8       2 sda2 1 0 8 1 0 0 0 0 0 1 1
 259       2 nvme0n1p2 1 0 8 1 0 0 0 0 0 1 1
TEXT
echo '0::/user.slice/user-1000.slice/user@1000.service/app.slice/dbus-:1.2-org.gnome.Terminal.service' >proc/self/cgroup
printf 'Name:\tsh\nCpus_allowed:\tff\n' >proc/self/status
printf 'Name:\tsh\nCpus_allowed:\tff,ffffffff\n' >proc/1/status
cat >check.cjs <<'JS'
const { Procfs } = require("@stroncium/procfs");
const proc = new Procfs("proc");

const mounts = proc.processMountinfo();
const disks = proc.diskstats();
for (const [index, { name, devId }] of disks.entries()) {
  console.log(`${name}: mount ${mounts[index].devId}, disk ${devId}`);
}
console.log("major of 259:2:", proc.devIdGetMajor(proc.devIdFromMajorMinor(259, 2)));
console.log('mask of "ff":', proc.processStatus().cpusAllowedMask.toString(16));
console.log('mask of "ff,ffffffff":', proc.processStatus(1).cpusAllowedMask.toString(16));
console.log("cgroup:", proc.processCgroups()[0].path);
JS
node check.cjs | tee seen
diff - seen <<'SEEN' && echo "as found"
sda2: mount 2050, disk 2050
nvme0n1p2: mount 770, disk 770
major of 259:2: 3
mask of "ff": ff
mask of "ff,ffffffff": ff
cgroup: /user.slice/user-1000.slice/user@1000.service/app.slice/dbus-
SEEN

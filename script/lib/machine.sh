#!/usr/bin/env bash
# machine.sh COMMAND...: runs the command in a throw-away machine with systemd, and ends that machine. Its root is this
# machine's, under a layer in memory that takes all changes; processes, network and control groups are its own. Needs
# root, and systemd's package, but not that systemd runs here. Ends with the command's status; 77: no such machine here.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: machine.sh COMMAND..." >&2; exit 2; }

no_machine() {
  echo "no machine with systemd here: $*" >&2
  exit 77
}

[ "$(id -u)" = 0 ] || no_machine "it needs root"
[ -x /lib/systemd/systemd ] || no_machine "systemd is not installed"

# boot FOLDER: becomes the machine's first process.
boot() {
  cd "$1"
  mount --make-rprivate /
  mount -t tmpfs machine layer
  mkdir -p layer/{upper,work}
  mount -t overlay machine -o lowerdir=/,upperdir=layer/upper,workdir=layer/work root
  mount -t proc proc root/proc
  mount --rbind /dev root/dev
  mount -t sysfs sysfs root/sys
  mount -t tmpfs run root/run
  # systemd's own hierarchy is enough; nothing here is limited.
  mount -t tmpfs cgroup root/sys/fs/cgroup
  mkdir -p root/sys/fs/cgroup/systemd
  mount -t cgroup -o none,name=systemd systemd root/sys/fs/cgroup/systemd
  : >root/etc/fstab
  : >root/etc/machine-id
  rm -f root/usr/sbin/policy-rc.d
  # What this machine has of Ferrostack and its engines is not the new one's.
  rm -rf root/var/lib/{ferrostack,openvswitch,ovn,libvirt} root/etc/openvswitch/conf.db root/etc/ferrostack root/run/netns
  mkdir -p root/var/lib/{openvswitch,ovn,libvirt}
  ip link set lo up
  # Not chroot: libvirt gives each guest a /dev of its own, which needs the real root of a mount namespace.
  cd root
  pivot_root . .
  umount --lazy .
  cd /
  exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system \
    --log-target=null --unit=basic.target
}

if [ "$1" = --boot ]; then boot "$2"; fi

folder=$(mktemp -d /var/tmp/machine-XXXXXX)
mkdir "$folder"/{layer,root}
unshare --mount --pid --net --uts --ipc --cgroup --fork --kill-child "$0" --boot "$folder" </dev/null >"$folder/said" 2>&1 &
outer=$!
# shellcheck disable=SC2317 # the trap calls it
finish() {
  # The first process takes all others along; --kill-child ends it with ours.
  kill -KILL "$outer" 2>/dev/null || true
  wait "$outer" 2>/dev/null || true
  rm -rf --one-file-system "$folder"
}
trap finish EXIT
inner=''
for _ in $(seq 100); do
  inner=$(tr -d ' ' <"/proc/$outer/task/$outer/children" 2>/dev/null) || true
  if [ -n "$inner" ] && [ "$(cat "/proc/$inner/comm" 2>/dev/null)" = systemd ]; then break; fi
  kill -0 "$outer" 2>/dev/null || no_machine "$(tail -1 "$folder/said")"
  sleep 0.1
done
inside=(nsenter --target "$inner" --mount --uts --ipc --net --pid --cgroup --root "--wdns=/" env -i "TERM=${TERM-dumb}" HOME=/root
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
for _ in $(seq 300); do
  if state=$("${inside[@]}" systemctl is-system-running 2>/dev/null); then break; fi
  # A unit of the host's root that cannot run here is no reason to give up.
  [ "$state" != degraded ] || break
  kill -0 "$outer" 2>/dev/null || no_machine "systemd ended: $(tail -1 "$folder/said")"
  sleep 0.1
done
case $state in running | degraded) ;; *) no_machine "systemd is ${state:-silent}" ;; esac
status=0
"${inside[@]}" "$@" || status=$?
exit $status

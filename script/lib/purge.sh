# shellcheck shell=bash
# Removes what a cloud has left on a machine, after its Ferrostack has ended. Needs tools.sh and instance.sh.
#
# What is ours is known by identity, never by a common name: processes by the namespaces they live in (isolated clouds) or
# by the mark of the state folder in their environment; servers by their disks below the state folder; bridges by the mark.

MARK_VARIABLE=FERROSTACK_ENGINES

# pids_where TEST...: the processes for which the command `TEST... PID` succeeds.
pids_where() {
  local folder pid
  for folder in /proc/[0-9]*; do
    pid=${folder#/proc/}
    if [ "$pid" != $$ ] && "$@" "$pid" 2>/dev/null; then printf '%s\n' "$pid"; fi
  done
}

# started PID: when it started, in ticks since the boot: with the number this names a process for good.
started() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# end_pids PID...: SIGTERM, and SIGKILL to those that are left after five seconds.
end_pids() {
  local pid end=$((SECONDS + 5)) left
  local -A when=()
  for pid in "$@"; do
    when[$pid]=$(started "$pid")
    kill -TERM "$pid" 2>/dev/null || true
  done
  while :; do
    left=()
    for pid in "$@"; do
      if [ -n "${when[$pid]}" ] && [ "$(started "$pid")" = "${when[$pid]}" ] && ! is_zombie "$pid"; then left+=("$pid"); fi
    done
    [ ${#left[@]} -gt 0 ] || return 0
    [ $SECONDS -lt $((end + 10)) ] || fail "these processes do not end: ${left[*]}"
    if [ $SECONDS -ge $end ]; then kill -KILL "${left[@]}" 2>/dev/null || true; fi
    sleep 0.1
  done
}

is_zombie() { [[ $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) == [ZX]* ]]; }

# lives_in INODE-OF-NET INODE-OF-MNT PID: whether it is in one of the namespaces.
lives_in() {
  [ "$(stat --dereference --format %i "/proc/$3/ns/net")" = "$1" ] ||
    [ "$(stat --dereference --format %i "/proc/$3/ns/mnt")" = "$2" ]
}

# kept_namespace FILE: the inode of the namespace that is bound to this file; nothing if there is none.
kept_namespace() { [ "$(stat --file-system --format %T "$1" 2>/dev/null)" = nsfs ] && stat --format %i "$1"; }

# purge_isolation STATE NAME: everything in the namespaces of an isolated cloud, and these.
purge_isolation() {
  local folder=$1/isolated/$2 boot='' number='' kept='' net='' mnt='' pids
  [ -d "$folder" ] || return 0
  # `claim` has the boot in which Ferrostack made the network namespace, and its number; another one is somebody else's.
  {
    read -r boot || true
    read -r number || true
  } <"$folder/claim" 2>/dev/null || true
  if [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ]; then
    kept=$(kept_namespace "/run/netns/$2") || true
    net=${number:-$kept}
  fi
  mnt=$(kept_namespace "$folder/ns/mnt") || true
  if [ -n "$net$mnt" ]; then
    # A guest has a mount namespace of its own: it is looked for by its disk, too.
    mapfile -t pids < <({ pids_where lives_in "${net:-none}" "${mnt:-none}"; pids_where is_guest "$1"; } | sort -u)
    [ ${#pids[@]} = 0 ] || end_pids "${pids[@]}"
    printf 'ended %d processes in the namespaces of %s (servers and engines)\n' ${#pids[@]} "$2"
  fi
  while umount --lazy "$folder/ns/mnt" 2>/dev/null; do :; done
  while umount --lazy "$folder/ns" 2>/dev/null; do :; done
  [ -z "$kept" ] || [ "$kept" != "$net" ] || ip netns delete "$2"
  rm -rf "$folder"
  printf 'removed the namespaces and private folders of %s\n' "$2"
}

has_mark() { tr '\0' '\n' <"/proc/$2/environ" | grep -qx "$MARK_VARIABLE=$1"; }

# is_guest STATE PID: a QEMU whose disk is below the state folder.
is_guest() {
  [[ $(readlink "/proc/$2/exe") == */qemu-system-* ]] && tr '\0' '\n' <"/proc/$2/cmdline" | grep -qF "$1/"
}

# purge_servers STATE: the domains of libvirt whose files are below the state folder, then guests that libvirt lost.
purge_servers() {
  local state=$1 domain xml count=0 pids
  if virsh --quiet version >/dev/null 2>&1; then
    for domain in $(virsh --quiet list --all --uuid); do
      # Once into a variable: grep ends at its first find, which would end virsh with an error.
      xml=$(virsh --quiet dumpxml "$domain") || continue
      [[ $xml == *"$state/"* ]] || continue
      virsh --quiet destroy "$domain" >/dev/null 2>&1 || true
      virsh --quiet undefine "$domain" --managed-save --snapshots-metadata --nvram >/dev/null 2>&1 ||
        virsh --quiet undefine "$domain" >/dev/null
      count=$((count + 1))
    done
  fi
  mapfile -t pids < <(pids_where is_guest "$state")
  [ ${#pids[@]} = 0 ] || end_pids "${pids[@]}"
  printf 'removed %d servers\n' $((count + ${#pids[@]}))
}

# forget_rules BRIDGE: what lets the bridge's addresses out, where iptables does it.
forget_rules() {
  local table rule
  command -v iptables >/dev/null || return 0
  for table in nat filter; do
    while read -r -a rule; do
      iptables -w 5 -t "$table" "${rule[@]/#-A/-D}"
    done < <(iptables -w 5 -t "$table" -S | grep -E -- "^-A .*-[io] $1( |\$)")
  done
}

# purge_host STATE: what a cloud without isolation has made on this machine.
purge_host() {
  local state=$1 mark bridge port namespace file pids ports=()
  purge_servers "$state"
  mark=$(cat "$state/engines/mark" 2>/dev/null) || return 0
  # The controller first: else it makes its bridge again.
  mapfile -t pids < <(pids_where has_mark "$mark" | while read -r pid; do
    if [[ $(readlink "/proc/$pid/exe") == */ovn-controller ]]; then echo "$pid"; fi
  done)
  [ ${#pids[@]} = 0 ] || end_pids "${pids[@]}"
  if ovs-vsctl --timeout=5 show >/dev/null 2>&1; then
    for bridge in $(ovs-vsctl --timeout=5 list-br); do
      [ "$(ovs-vsctl --timeout=5 --if-exists get bridge "$bridge" external_ids:ferrostack-mark | tr -d '"')" = "$mark" ] || continue
      mapfile -t -O ${#ports[@]} ports < <(ovs-vsctl --timeout=5 list-ports "$bridge")
      ovs-vsctl --timeout=20 del-br "$bridge"
      nft delete table ip "ferrostack_${bridge//[^a-zA-Z0-9]/_}" 2>/dev/null || true
      forget_rules "$bridge"
      printf 'removed the bridge %s\n' "$bridge"
    done
    if [ "$(ovs-vsctl --timeout=5 --if-exists get Open_vSwitch . external_ids:ferrostack-mark | tr -d '"')" = "$mark" ]; then
      for port in ferrostack-mark ovn-remote ovn-encap-type ovn-encap-ip ovn-bridge-mappings ovn-bridge-datapath-type; do
        ovs-vsctl --timeout=5 remove Open_vSwitch . external_ids "$port"
      done
    fi
  fi
  # Taps and the ends of metadata namespaces stay when their bridge goes.
  for port in "${ports[@]}"; do ip link delete "$port" 2>/dev/null || true; done
  for namespace in /run/netns/ovnmeta-*; do
    [ -e "$namespace" ] || continue
    # The node keeps a file for each network that it serves so.
    if [ -n "$(find "$state/agent" -name "${namespace#*ovnmeta-}.json" 2>/dev/null)" ]; then
      ip netns delete "$(basename "$namespace")"
    fi
  done
  mapfile -t pids < <(pids_where has_mark "$mark")
  [ ${#pids[@]} = 0 ] || end_pids "${pids[@]}"
  printf 'ended %d engine processes that this cloud had started\n' ${#pids[@]}
  while read -r file; do
    rm -f "$file" "$(dirname "$file")/.$(basename "$file").~lock~"
  done < <(cat "$state/engines/made" 2>/dev/null)
}

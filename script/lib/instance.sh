# shellcheck shell=bash
# The Ferrostack process of a state folder: who it is, how it is started and ended. Needs tools.sh.
#
# Identity is never a number in a file alone. Ferrostack holds a lock on STATE/lock for as long as it lives and writes its
# process id there; the kernel says in /proc/locks which process holds a lock on which file. Both must agree.

# instance_pid STATE: the process that holds the state folder; fails when there is none.
instance_pid() {
  local lock=$1/lock pid inode
  pid=$(cat "$lock" 2>/dev/null) && [[ $pid =~ ^[0-9]+$ ]] || return 1
  inode=$(stat --format %i "$lock") || return 1
  grep -q "FLOCK *ADVISORY *WRITE *$pid [^ ]*:$inode " /proc/locks || return 1
  printf '%s\n' "$pid"
}

# instance_unit PID: the systemd unit whose main process it is; fails when there is none.
instance_unit() {
  local unit
  has_systemd || return 1
  unit=$(sed -n 's|.*/\([^/]*\.service\)$|\1|p' "/proc/$1/cgroup" | head -1)
  [ -n "$unit" ] && [ "$(systemctl show --property MainPID --value "$unit")" = "$1" ] || return 1
  printf '%s\n' "$unit"
}

# instance_words PID: its command line, one word a line.
instance_words() { tr '\0' '\n' <"/proc/$1/cmdline"; }

# await_end STATE SECONDS: waits until nobody holds the state folder.
await_end() {
  local end=$((SECONDS + $2))
  while instance_pid "$1" >/dev/null; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.1
  done
}

# instance_stop STATE: SIGTERM as an operator would (or systemctl stop); after half a minute SIGKILL, which Ferrostack
# survives as well. Prints what it did.
instance_stop() {
  local state=$1 pid unit
  pid=$(instance_pid "$state") || { printf 'not running\n'; return 0; }
  if unit=$(instance_unit "$pid"); then
    systemctl stop "$unit"
    printf 'stopped %s (process %s)\n' "$unit" "$pid"
  else
    kill -TERM "$pid"
    printf 'stopped process %s\n' "$pid"
  fi
  await_end "$state" 30 && return
  # The lock says that it is the same process still.
  [ "$(instance_pid "$state")" = "$pid" ] || return 0
  kill -KILL "$pid"
  await_end "$state" 10 || fail "process $pid does not end, not even by SIGKILL"
  printf 'it did not end within 30 s and was killed\n'
}

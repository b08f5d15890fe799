#!/usr/bin/env bash
# Tests of the scripts' shell libraries: no root, no network, nothing outside a temporary folder.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
# shellcheck source=script/lib/tools.sh
. script/lib/tools.sh
# shellcheck source=script/lib/debian.sh
. script/lib/debian.sh
# shellcheck source=script/lib/steps.sh
. script/lib/steps.sh
# shellcheck source=script/lib/instance.sh
. script/lib/instance.sh
# shellcheck source=script/lib/rust.sh
. script/lib/rust.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0 checks=0

# equal WHAT FOUND EXPECTED
equal() {
  checks=$((checks + 1))
  [ "$2" = "$3" ] && return
  failures=$((failures + 1))
  printf 'FAILED  %s\n  expected: %q\n  found:    %q\n' "$1" "$3" "$2"
}

# command_says NAME TEXT: puts a program of that name first in PATH, which prints the text.
command_says() {
  mkdir -p "$work/bin"
  printf '#!/bin/sh\ncat <<"END"\n%s\nEND\n' "$2" >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}

test_versions() {
  for pair in '1.95.0 1.95 yes' '1.96.1 1.95 yes' '1.85.1 1.95 no' '1.100.0 1.95 yes' '2.0.0 1.95 yes' '1.94.9 1.95 no'; do
    read -r have want expected <<<"$pair"
    equal "cargo $have for $want" "$(at_least "$have" "$want" && echo yes || echo no)" "$expected"
  done
}

# A machine with qemu-utils of backports, as apt-cache and dpkg-query show it.
test_qemu() {
  local old='1:7.2+dfsg-7+deb12u18' new='1:10.0.2+ds-2~bpo12+1'
  (
    PATH=$work/bin:$PATH
    command_says dpkg-query "installed qemu qemu-utils $new
installed qemu qemu-system-modules-spice $new
config-files qemu qemu-user $new
installed bash bash 5.2"
    cat >"$work/bin/apt-cache" <<END
#!/bin/sh
case "\$*" in
  'policy qemu-system-x86') printf 'qemu-system-x86:\n  Installed: (none)\n  Candidate: $old+b3\n' ;;
  'madison qemu-utils') printf ' qemu-utils | $new | http://deb backports/main\n qemu-utils | $old+b1 | http://deb bookworm/main\n' ;;
esac
END
    chmod +x "$work/bin/apt-cache"
    equal 'newer QEMU tools go back, what has no old version goes' "$(qemu_words | tr '\n' ' ')" \
      "qemu-utils=$old+b1 qemu-system-modules-spice- "
    command_says dpkg-query "installed qemu qemu-utils $old+b1
installed qemu qemu-system-x86 $old+b3"
    equal 'a rebuild is no other version' "$(qemu_words)" ''
    command_says apt-cache 'qemu-system-x86:
  Candidate: (none)'
    equal 'without a candidate nothing is asked' "$(qemu_words)" ''
    exit $failures
  ) || failures=$((failures + $?))
  equal 'what apt would remove, without QEMU' "$(removals <<'END'
Remv qemu-system-modules-spice [1:10]
Inst qemu-utils [1:10] (1:7.2)
Remv network-manager [1.42]
Conf qemu-utils
END
  )" network-manager
}

test_packages() {
  equal 'an installed package' "$(missing_packages bash dpkg)" ''
  equal 'a package that nobody knows' "$(missing_packages bash no-such-package dpkg)" no-such-package
  while IFS=$'\t' read -r reason names; do
    checks=$((checks + 1))
    if [ -z "$reason" ] || [ -z "$names" ]; then
      failures=$((failures + 1))
      echo "FAILED  up-packages.tsv: $reason"
    fi
  done <script/lib/up-packages.tsv
}

test_policy() {
  POLICY=$work/policy-rc.d
  # shellcheck disable=SC2016
  equal 'while packages are installed, nothing starts' "$(without_starting sh -c "$POLICY; echo \$?")" 101
  equal 'and the policy is gone again' "$(ls "$POLICY" 2>/dev/null)" ''
  echo '# somebody else' >"$POLICY"
  without_starting true
  equal "somebody else's policy stays" "$(cat "$POLICY")" '# somebody else'
  equal 'a failure is told' "$(without_starting false; echo $?)" 1
  printf '# %s\n' "$POLICY_MARK" >"$POLICY"
  remove_policy
  equal 'what an interrupted run left is removed' "$(ls "$POLICY" 2>/dev/null)" ''
}

# hold FILE: a process that holds its lock and writes its number there, as Ferrostack does; its number.
hold() {
  python3 -c '
import fcntl, os, sys, time
file = open(sys.argv[1], "a+")
fcntl.flock(file, fcntl.LOCK_EX)
file.truncate(0)
print(os.getpid(), file=file, flush=True)
time.sleep(60)' "$1" >/dev/null 2>&1 &
  holder=$!
  until instance_pid "$(dirname "$1")" >/dev/null; do sleep 0.02; done
}

test_instance() {
  local state=$work/state holder
  mkdir -p "$state"
  equal 'no lock, no process' "$(instance_pid "$state")" ''
  echo $$ >"$state/lock"
  equal 'a number without a lock is nobody' "$(instance_pid "$state")" ''
  hold "$state/lock"
  equal 'who holds the lock is it' "$(instance_pid "$state")" "$holder"
  echo $$ >"$state/lock"
  equal 'a lock of another one than the number says is nobody' "$(instance_pid "$state")" ''
  echo "$holder" >"$state/lock"
  equal 'it is stopped' "$(instance_stop "$state")" "stopped process $holder"
  equal 'and then there is none' "$(instance_stop "$state")" 'not running'
}

test_steps() {
  local said log=$work/up.log
  said=$({
    steps_start 2 "$log"
    step First
    logged echo in-the-log
    step Second
    logged sh -c 'echo the reason; exit 3' || stop_here "it failed with $?" 'do this'
    echo not-reached
  } 2>&1)
  equal 'a failure ends the run' "$(grep -c not-reached <<<"$said")" 0
  for line in '[1/2] First' '[2/2] Second' 'Failed at step 2 of 2.' '  why:  it failed with 3' '  cure: do this' \
    '          the reason'; do
    equal "a failure says \"$line\"" "$(grep -cxF "$line" <<<"$said")" 1
  done
  equal 'what commands say is in the log only' "$(grep -c in-the-log "$log")" 1
  said=$(
    LOG_BYTES=1000
    steps_start 1 "$log"
    step Long
    logged seq 1 5000
    step_end
  )
  equal 'the log is bounded' "$([ "$(stat --format %s "$log")" -le 1000 ] && tail -1 "$log")" 5000
}

test_units() {
  local role
  for role in ferrostack ferrostack-controller ferrostack-agent; do
    equal "$role leaves servers alone" "$(script/lib/package/unit.sh $role '/bin/true a' | grep -cx 'KillMode=process')" 1
    equal "$role starts its command" "$(script/lib/package/unit.sh $role '/bin/true a' | grep -cx 'ExecStart=/bin/true a')" 1
  done
  equal 'only the controller has a user' "$(for role in ferrostack ferrostack-controller ferrostack-agent; do
    script/lib/package/unit.sh $role x | grep -c '^User='
  done | tr '\n' ' ')" '0 1 0 '
}

for one in versions qemu packages policy instance steps units; do "test_$one"; done
printf 'shell libraries: %d checks, %d failures\n' $checks $failures
[ $failures = 0 ]

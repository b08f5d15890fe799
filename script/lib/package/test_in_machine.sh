#!/usr/bin/env bash
# test_in_machine.sh DEB: installs the package on a machine with systemd, starts each role, upgrades, and removes it.
# Everything on this machine is changed: only for lib/machine.sh.
set -euo pipefail
deb=$1

wrong() {
  echo "package: $*" >&2
  journalctl --quiet --output cat --lines 40 --unit "${role:-ferrostack}" >&2
  exit 1
}

# await_ready ROLE: until this start of the unit says that every API answers.
await_ready() {
  role=$1.service
  local invocation end=$((SECONDS + 120))
  invocation=$(systemctl show --property InvocationID --value "$role")
  # Into a variable: grep ends at its first find, which would end journalctl with an error.
  until [[ $'\n'$(journalctl --quiet --output cat "_SYSTEMD_INVOCATION_ID=$invocation")$'\n' == *$'\nready\n'* ]]; do
    systemctl is-active --quiet "$role" || wrong "$role does not run"
    [ $SECONDS -lt $end ] || wrong "$role is not ready after 120 s"
    sleep 0.2
  done
}

main_process() { systemctl show --property MainPID --value "$1.service"; }

engines=1
for unit in openvswitch-switch ovn-central ovn-host libvirtd; do
  systemctl cat "$unit" >/dev/null 2>&1 || engines=''
done

dpkg --install --force-depends "$deb" >/dev/null
getent passwd ferrostack >/dev/null || wrong "the installation has made no user"
[ "$(systemctl is-active ferrostack ferrostack-controller || true)" = $'inactive\ninactive' ] || wrong "the installation has started something"

# A controller is not root and may write its own folder only.
systemctl start ferrostack-controller
await_ready ferrostack-controller
[ "$(stat --format %U "/proc/$(main_process ferrostack-controller)")" = ferrostack ] || wrong "the controller is not the user ferrostack"
runuser -u ferrostack -- ferrostack status --state-dir /var/lib/ferrostack >/dev/null || [ $? = 1 ] || wrong "status of the controller"
[[ $(journalctl --quiet --output json --unit ferrostack-controller) == *'"TARGET"'* ]] ||
  wrong "the journal has no fields of the controller"
systemctl stop ferrostack-controller
rm -rf /var/lib/ferrostack

if [ -z "$engines" ]; then
  echo "not tested: ferrostack.service (the engines are not installed)" >&2
else
  systemctl enable --quiet ferrostack
  systemctl start ferrostack
  await_ready ferrostack
  ferrostack status >/dev/null || wrong "status: $(ferrostack status)"
  for unit in ovs-vswitchd libvirtd; do
    systemctl is-active --quiet "$unit" || wrong "the engine $unit is not run by its unit"
  done
  first=$(main_process ferrostack)
  dpkg --install --force-depends "$deb" >/dev/null # as an upgrade
  await_ready ferrostack
  [ "$(main_process ferrostack)" != "$first" ] || wrong "an upgrade has not restarted what runs"
  kill -KILL "$(main_process ferrostack)"
  sleep 3 # RestartSec
  await_ready ferrostack
fi
dpkg --remove ferrostack >/dev/null 2>&1 || wrong "dpkg does not remove it"
[ -z "$(pgrep -x ferrostack)" ] || wrong "Ferrostack runs on after the removal"
[ -z "$engines" ] || systemctl is-active --quiet ovs-vswitchd || wrong "an engine has ended with Ferrostack"
dpkg --purge ferrostack >/dev/null 2>&1 || wrong "dpkg does not purge it"
[ ! -e /etc/ferrostack/ferrostack.toml ] || wrong "settings are left after the purge"
echo "package: installed, started in each role, upgraded and removed where systemd runs"

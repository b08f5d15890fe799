# shellcheck shell=bash
# Debian's packages, with care: which are missing, and installing them so that nothing starts by itself where no init
# system runs. Needs tools.sh.

# More words for apt-get and apt-cache; see own_apt_lists.
apt_options=()

# own_apt_lists FOLDER: downloads package lists into a folder of our own and uses those from now on. It needs no root and
# leaves the machine's lists alone, which may be empty (images of containers) or old.
own_apt_lists() {
  local folder=$1
  mkdir -p "$folder"/lists/partial "$folder"/cache/archives/partial
  apt_options=(-o "Dir::State::lists=$folder/lists" -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=)
  say "downloading Debian's package lists"
  apt-get "${apt_options[@]}" update -qq >&2 || true
}

# is_installed PACKAGE...: all of them are.
is_installed() {
  local states
  # dpkg-query fails for names that it has never heard of.
  states=$(dpkg-query --show --showformat '${db:Status-Status}\n' "$@" 2>/dev/null) || return 1
  ! grep -qv '^installed$' <<<"$states"
}

# has_systemd: it runs as the init system.
has_systemd() { [ -d /run/systemd/system ]; }

# The words that mark a policy-rc.d as ours, so that one of an interrupted run is known again.
POLICY=/usr/sbin/policy-rc.d
POLICY_MARK='by script/up of Ferrostack'

# without_starting COMMAND...: meanwhile no package starts a daemon (invoke-rc.d(8) asks this program). A policy that
# somebody else has put there stays and holds.
without_starting() {
  local status=0
  if [ ! -e "$POLICY" ] || grep -q "$POLICY_MARK" "$POLICY"; then
    printf '#!/bin/sh\n# %s: may stay only while it installs packages\nexit 101\n' "$POLICY_MARK" >"$POLICY"
    chmod 755 "$POLICY"
  fi
  "$@" || status=$?
  remove_policy
  return $status
}

# Also for the end of a run that was interrupted.
remove_policy() {
  if grep -qs "$POLICY_MARK" "$POLICY"; then rm -f "$POLICY"; fi
}

# missing_packages PACKAGE...: those that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    is_installed "$package" || printf '%s\n' "$package"
  done
}

# qemu_words: how apt must be asked for QEMU's packages, which must all be of one version. Some machines come with
# qemu-utils from backports and without qemu-system-x86, and apt then gives up or takes things away. Prints `PACKAGE=
# VERSION` for each that must change to the version of qemu-system-x86, and `PACKAGE-` for one that has no such version.
# The number of a rebuild (+b1) does not count.
qemu_words() {
  local wanted package version match
  wanted=$(apt-cache policy qemu-system-x86 | sed -n 's/^ *Candidate: *//p')
  [ -n "$wanted" ] && [ "$wanted" != '(none)' ] || return 0
  wanted=${wanted%+b[0-9]*}
  while read -r package version; do
    [ "${version%+b[0-9]*}" != "$wanted" ] || continue
    match=$(apt-cache madison "$package" | awk -F ' *[|] *' '{print $2}' |
      while read -r version; do if [ "${version%+b[0-9]*}" = "$wanted" ]; then echo "$version"; fi; done | head -1)
    if [ -n "$match" ]; then printf '%s=%s\n' "$package" "$match"; else printf '%s-\n' "$package"; fi
  done < <(dpkg-query --show --showformat '${db:Status-Status} ${source:Package} ${Package} ${Version}\n' |
    awk '$1 == "installed" && $2 == "qemu" {print $3, $4}')
}

# removals: of the output of `apt-get --simulate`, what would go, without QEMU's own packages.
removals() { awk '$1 == "Remv" && $2 !~ /^qemu-/ {print $2}'; }

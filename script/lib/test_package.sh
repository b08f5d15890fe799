#!/usr/bin/env bash
# test_package.sh ARCHIVE DEB VERSION: unpacks the one, installs the other into a root of its own, runs what is in them,
# and removes it again. Nothing outside a temporary folder changes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=script/lib/tools.sh
. script/lib/tools.sh
archive=$1 deb=$2 version=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

wrong() { say "package: $*"; exit 1; }
equal() { [ "$2" = "$3" ] || wrong "$1: expected \"$3\", found \"$2\""; }

# units FOLDER: each unit is one that systemd takes.
units() {
  local unit said
  if ! command -v systemd-analyze >/dev/null; then
    say "not tested: the units of $1 (no systemd-analyze here)"
    return
  fi
  for unit in "$1"/*.service; do
    grep -q '^KillMode=process$' "$unit" || wrong "$unit would end servers with Ferrostack"
    # The program is not installed on this machine, where systemd-analyze looks for it.
    sed "s|^ExecStart=[^ ]*|ExecStart=$(realpath "$binary")|" "$unit" >"$work/$(basename "$unit")"
    said=$(systemd-analyze verify --man=no "$work/$(basename "$unit")" 2>&1) || wrong "$unit: $said"
    [ -z "$said" ] || wrong "$unit: $said"
  done
}

tar --extract --zstd --file "$archive" --directory "$work"
unpacked=$(echo "$work"/ferrostack-*)
binary=$unpacked/bin/ferrostack
equal 'version of the archive' "$("$binary" version)" "ferrostack $version"
for file in LICENSE README.md README.ko.md completions/ferrostack.bash completions/_ferrostack completions/ferrostack.fish ferrostack.toml; do
  [ -s "$unpacked/$file" ] || wrong "the archive has no $file"
done
bash -n "$unpacked/completions/ferrostack.bash"
"$binary" config check "$unpacked/ferrostack.toml" >/dev/null || wrong "the archive's settings are not valid"
units "$unpacked/systemd"

# dpkg asks for root, even where another root is meant.
if [ "$(id -u)" != 0 ]; then
  say "not tested: installing the Debian package (not root); its contents are"
  dpkg-deb --extract "$deb" "$work/root"
else
  mkdir -p "$work/root/var/lib/dpkg"/{info,updates,triggers}
  touch "$work/root/var/lib/dpkg"/{status,available}
  dpkg=(dpkg "--root=$work/root" --log=/dev/null --force-depends --force-script-chrootless --force-not-root)
  quietly "${dpkg[@]}" --install "$deb" || wrong "dpkg does not install it"
  equal 'state of the package' "$(dpkg-query --admindir="$work/root/var/lib/dpkg" --show --showformat '${db:Status-Status} ${Version}' ferrostack)" \
    "installed $version"
fi
binary=$work/root/usr/bin/ferrostack
equal 'version of the package' "$("$binary" version)" "ferrostack $version"
"$binary" config check "$work/root/etc/ferrostack/ferrostack.toml" >/dev/null || wrong "the package's settings are not valid"
units "$work/root/lib/systemd/system"
for file in bash-completion/completions/ferrostack zsh/vendor-completions/_ferrostack fish/vendor_completions.d/ferrostack.fish doc/ferrostack/copyright; do
  [ -s "$work/root/usr/share/$file" ] || wrong "the package has no /usr/share/$file"
done
if [ "$(id -u)" = 0 ]; then
  echo '# mine' >>"$work/root/etc/ferrostack/ferrostack.toml"
  quietly "${dpkg[@]}" --remove ferrostack || wrong "dpkg does not remove it"
  [ ! -e "$binary" ] || wrong "the binary is left after the removal"
  grep -q '^# mine$' "$work/root/etc/ferrostack/ferrostack.toml" || wrong "changed settings are gone after the removal"
  quietly "${dpkg[@]}" --purge ferrostack || wrong "dpkg does not purge it"
  [ ! -e "$work/root/etc/ferrostack/ferrostack.toml" ] || wrong "the settings are left after the purge"
fi
status=0
script/lib/machine.sh "$PWD/script/lib/package/test_in_machine.sh" "$deb" || status=$?
case $status in
  0) ;;
  77) say "not tested: starting the units" ;;
  *) wrong "where systemd runs: see above" ;;
esac
echo "package: archive and Debian package unpacked, installed, run and removed: all as expected"

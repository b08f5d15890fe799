# shellcheck shell=bash
# What the scripts need: installed when it is missing, never twice, and never silently. Debian's packages go to the
# system (as root, or by sudo); Python packages only into environments under target/.

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "$(basename "$0"): $*"
  exit 2
}

# usage: prints the comment at the head of the script.
usage() { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; }

# need_command COMMAND PACKAGE: the command, from that Debian package if it is missing.
need_command() {
  local command=$1 package=$2
  # Daemons live in /usr/sbin, which is not in everybody's PATH.
  if PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null; then return; fi
  need_package "$package" "there is no command \`$command\`"
}

# quietly COMMAND...: what it prints is shown only if it fails.
quietly() {
  local said status=0
  said=$("$@" 2>&1) || status=$?
  [ $status = 0 ] || say "$said"
  return $status
}

# need_package PACKAGE REASON
need_package() {
  local package=$1 reason=$2
  local -a root=()
  command -v apt-get >/dev/null || fail "$reason; install what Debian calls $package"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "$reason; install the package $package (neither root nor sudo here)"
    root=(sudo)
  fi
  say "installing $package ($reason)"
  quietly "${root[@]}" apt-get update -qq
  quietly "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package"
}

need_python() {
  need_command python3 python3
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed"
}

# need_venv FOLDER REQUIREMENTS: a Python environment with exactly these pinned packages.
need_venv() {
  local folder=$1 requirements=$2
  if cmp -s "$requirements" "$folder/requirements.txt"; then return; fi
  need_python
  # The module venv is there without python3-venv, but cannot put pip into an environment.
  python3 -c 'import venv, ensurepip' 2>/dev/null || need_package python3-venv "Python cannot make environments"
  say "installing $requirements into $folder"
  rm -rf "$folder"
  # One chain: `set -e` does not hold where the caller looks at the result. The copy comes last, so that a broken
  # installation is not taken for a whole one.
  python3 -m venv "$folder" &&
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$requirements" >&2 &&
    "$folder/bin/pip" --disable-pip-version-check check >&2 &&
    cp "$requirements" "$folder/requirements.txt"
}

need_mariadb() {
  need_command mariadbd mariadb-server
}

need_rust() {
  if ! command -v cargo >/dev/null && [ -f "$HOME/.cargo/env" ]; then
    # shellcheck disable=SC1091
    . "$HOME/.cargo/env"
  fi
  command -v cargo >/dev/null || fail "no cargo: install Rust (https://rustup.rs), the version in Cargo.toml or newer"
  need_command cc gcc # SQLite and ring are compiled from C
  [ -e /usr/include/stdlib.h ] || need_package libc6-dev "there are no C headers"
}

need_nextest() {
  cargo nextest --version >/dev/null 2>&1 && return
  say "installing cargo-nextest (cargo install)"
  cargo install --quiet --locked cargo-nextest >&2
}

# build PROFILE PACKAGE: builds the package's binary of the same name and prints its path.
build() {
  local profile=$1 package=$2 folder=$1
  [ "$profile" != dev ] || folder=debug
  need_rust
  cargo build --quiet --locked --profile "$profile" --package "$package" --bin "$package" >&2
  printf '%s\n' "${CARGO_TARGET_DIR:-$PWD/target}/$folder/$package"
}

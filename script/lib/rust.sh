# shellcheck shell=bash
# A Rust toolchain that is new enough. Needs tools.sh, debian.sh, steps.sh and the function `as` of script/up.

RUSTUP=https://static.rust-lang.org/rustup/dist/x86_64-unknown-linux-gnu/rustup-init

# rust_wanted: the oldest version that builds this.
rust_wanted() { sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml; }

# at_least HAVE WANT: compares versions.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort --version-sort | head -1)" = "$2" ]; }

# new_enough USER COMMAND...: whether this cargo of that user is.
new_enough() {
  local user=$1 version
  shift
  version=$(as "$user" "$@" --version 2>/dev/null | awk '{print $2}') && [ -n "$version" ] && at_least "$version" "$(rust_wanted)"
}

# ensure_rust USER: sets `cargo` to the words that run it. What there is is used; else rustup (Debian 13 has it as a
# package) fetches the toolchain into that user's home.
ensure_rust() {
  local user=$1 want have
  want=$(rust_wanted)
  cargo=(cargo)
  new_enough "$user" cargo && return
  have=$(as "$user" cargo --version 2>/dev/null | awk '{print $2}') || true
  note "Rust $want is needed, ${have:-none} is there: rustup fetches it for $user"
  if ! as "$user" sh -c 'command -v rustup' >/dev/null; then
    if apt-cache show rustup 2>/dev/null | grep -q '^Package: rustup$'; then
      apt_step apt-get -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install rustup ||
        stop_here "apt could not install rustup" "install Rust $want by hand: https://rustup.rs"
    else
      fetch_rustup "$user"
    fi
  fi
  as "$user" rustup toolchain list 2>/dev/null | grep -q "^$want" ||
    logged as "$user" rustup toolchain install "$want" --profile minimal ||
    stop_here "rustup could not fetch Rust $want" "see that static.rust-lang.org answers, or install it by hand"
  cargo=(rustup run "$want" cargo)
  new_enough "$user" "${cargo[@]}" || stop_here "Rust $want does not run after its installation" "install it by hand: https://rustup.rs"
}

# fetch_rustup USER: its installer, with the checksum that stands beside it.
fetch_rustup() {
  local user=$1 work
  work=$(mktemp -d)
  chmod 755 "$work"
  if ! logged python3 -c '
import hashlib, sys, urllib.request
get = lambda url: urllib.request.urlopen(url, timeout=60).read()
data, told = get(sys.argv[1]), get(sys.argv[1] + ".sha256").split()[0].decode()
assert hashlib.sha256(data).hexdigest() == told, "the checksum is wrong"
open(sys.argv[2], "wb").write(data)' "$RUSTUP" "$work/rustup-init"; then
    rm -rf "$work"
    stop_here "there is no Rust, and its installer cannot be fetched from static.rust-lang.org" \
      "install Rust $(rust_wanted) or newer by other means (https://forge.rust-lang.org/infra/other-installation-methods.html), or bring a binary: FERROSTACK_BIN=... script/up --no-build"
  fi
  chmod 755 "$work/rustup-init"
  logged as "$user" "$work/rustup-init" -y --no-modify-path --profile minimal --default-toolchain "$(rust_wanted)" || {
    rm -rf "$work"
    stop_here "the installer of Rust failed" "look at the lines below"
  }
  rm -rf "$work"
}

#!/usr/bin/env bash
# build.sh DEBS OUT: makes the guest image in the folder OUT from the Debian packages in the folder DEBS.
# The same packages give the same kernel and ramdisk, byte for byte, and the same files in the disks (sorted names, one
# time for everything, fixed identifiers); ext4 notes when its files were copied.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
debs=$(cd "$1" && pwd) out=$2
# Tools of Debian live in /usr/sbin, too.
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C TZ=UTC
export SOURCE_DATE_EPOCH=1735689600 MTOOLS_SKIP_CHECK=1
umask 022
mkdir -p "$out"
cd "$out"
packages=$PWD/packages root=$PWD/root ramdisk=$PWD/ramdisk

# Sizes in sectors of 512 bytes: the boot partition after the first mebibyte, the root after it, to the end.
disk=131072 boot_at=2048 boot_size=61440
root_at=$((boot_at + boot_size))

unpack() {
  for deb in "$debs"/*.deb; do dpkg-deb --extract "$deb" "$packages"; done
  kernel=$(cd "$packages"/boot && echo vmlinuz-*)
  kernel=${kernel#vmlinuz-}
  # Debian 13 has its libraries and modules below /usr only.
  tree=$packages/lib/modules/$kernel
  [ -d "$tree" ] || tree=$packages/usr/lib/modules/$kernel
  tree=${tree%/lib/modules/*}
}

# library NAME: its path among the packages.
library() {
  local found
  found=$(find "$packages" -path '*/x86_64-linux-gnu/*' -name "$1" | sort | head -1)
  [ -n "$found" ] || { echo "guest-image: no package has the library $1" >&2; return 1; }
  printf '%s\n' "$found"
}

add_programs() {
  local name applet
  mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,lib,lib64,etc/dropbear,root/.ssh,proc,sys,dev,tmp,run,mnt,var/log}
  ln -s ../run "$root"/var/run
  # Debian 13 keeps busybox in /usr/bin.
  cp "$(find "$packages" -path '*bin/busybox' -type f)" "$root"/bin/busybox
  while read -r applet; do
    [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
  done < <("$root"/bin/busybox --list)
  for name in modprobe getty mdev reboot udhcpc; do ln -s ../bin/busybox "$root/sbin/$name"; done
  cp "$packages"/usr/sbin/dropbear "$root"/usr/sbin/
  cp "$packages"/usr/bin/dropbearkey "$root"/usr/bin/
  cp -L "$(find "$packages" -name ld-linux-x86-64.so.2 | sort | head -1)" "$root"/lib64/
  local needed
  needed=$(readelf --dynamic "$root"/usr/sbin/dropbear "$root"/usr/bin/dropbearkey |
    sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u)
  # What libtomcrypt needs in its turn.
  for name in $needed libgmp.so.10 libtommath.so.1; do
    [ -e "$root/lib/$name" ] || cp -L "$(library "$name")" "$root/lib/"
  done
}

add_configuration() {
  local name
  printf 'root:%s:0:0:root:/root:/bin/sh\n' "$(openssl passwd -6 -salt tiny gocubsgo)" >"$root"/etc/passwd
  echo 'root:x:0:' >"$root"/etc/group
  echo /bin/sh >"$root"/etc/shells
  echo tiny >"$root"/etc/hostname
  install -m 755 "$here"/udhcpc.sh "$root"/etc/
  install -m 644 "$here"/modules "$root"/etc/
  for name in sudo curl; do install -m 755 "$here/$name" "$root"/usr/bin/; done
  rm -f "$root"/bin/blkid
  install -m 755 "$here"/blkid "$root"/bin/
  install -m 755 "$here"/init "$root"/sbin/init.tiny
}

# The modules in the list and those they need, unpacked: busybox need not know how the kernel's package packs them.
add_modules() {
  local to=$root/lib/modules/$kernel name module
  mkdir -p "$to"
  depmod -b "$tree" "$kernel"
  while read -r name; do
    # A driver that is built in, or that this kernel has not, prints nothing.
    modprobe -d "$tree" -S "$kernel" --show-depends "$name" 2>/dev/null | awk '$1 == "insmod" {print $2}'
  done <"$here"/modules | sort -u | while read -r module; do
    name=${module#*"/lib/modules/$kernel/"}
    mkdir -p "$to/$(dirname "$name")"
    case $name in
      *.xz) xz --decompress --stdout "$module" >"$to/${name%.xz}" ;;
      *.zst) zstd --quiet --decompress --stdout "$module" >"$to/${name%.zst}" ;;
      *) cp "$module" "$to/$name" ;;
    esac
  done
  cp "$tree/lib/modules/$kernel"/modules.{order,builtin,builtin.modinfo} "$to"/
  depmod -b "$root" "$kernel"
}

one_time() {
  find "$1" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
}

make_ramdisk() {
  cp -a "$root" "$ramdisk"
  touch "$ramdisk"/etc/ramdisk # tells init where it runs
  install -m 755 "$here"/init "$ramdisk"/init
  one_time "$ramdisk"
  (cd "$ramdisk" && find . | sort | cpio --quiet --reproducible -o -H newc -R 0:0) | gzip -n -9 >initrd.gz
  cp "$packages/boot/vmlinuz-$kernel" vmlinuz
}

# make_root FILE BYTES-OFFSET SIZE: an ext4 with the guest's root. Nothing of it depends on when or where.
make_root() {
  local said
  # It warns of the partition table before the offset, which is ours.
  said=$(E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mke2fs -q -F -t ext4 -L tinyroot -O ^has_journal -m 0 -d "$root" \
    -U 7c5a0a5e-7f0e-4f57-9d3c-74696e790001 \
    -E "root_owner=0:0,lazy_itable_init=1,offset=$2,hash_seed=7c5a0a5e-7f0e-4f57-9d3c-74696e790002" "$1" "$3" 2>&1) ||
    { echo "guest-image: mke2fs: $said" >&2; return 1; }
}

make_disk() {
  local raw=disk.raw
  truncate -s $((disk * 512)) $raw
  printf 'label: dos\nlabel-id: 0x74696e79\nstart=%d,size=%d,type=e,bootable\nstart=%d,type=83\n' \
    $boot_at $boot_size $root_at | sfdisk --quiet $raw
  dd if="$(find /usr/lib/syslinux -name mbr.bin | head -1)" of=$raw conv=notrunc bs=440 count=1 status=none
  truncate -s $((boot_size * 512)) boot.fat
  mformat -i boot.fat -v BOOT -N 74696e79 -T $boot_size -h 255 -s 63 -H $boot_at ::
  touch --date "@$SOURCE_DATE_EPOCH" vmlinuz initrd.gz
  install --preserve-timestamps -m 644 "$here"/syslinux.cfg syslinux.cfg
  touch --date "@$SOURCE_DATE_EPOCH" syslinux.cfg
  mcopy -m -i boot.fat vmlinuz initrd.gz syslinux.cfg ::/
  syslinux --install boot.fat
  dd if=boot.fat of=$raw bs=512 seek=$boot_at conv=notrunc status=none
  make_root $raw $((root_at * 512)) "$(((disk - root_at) / 2))k"
  qemu-img convert -O qcow2 -c $raw tiny.qcow2
}

unpack
add_programs
add_configuration
add_modules
make_ramdisk
ln -s init.tiny "$root"/sbin/init # in the ramdisk /init has this part
one_time "$root"
truncate -s 24M ami.ext4
make_root ami.ext4 0 24M
make_disk
for deb in "$debs"/*.deb; do dpkg-deb --show "$deb"; done >packages.txt
rm -rf "$packages" "$root" "$ramdisk" disk.raw boot.fat syslinux.cfg

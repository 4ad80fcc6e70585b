# shellcheck shell=sh
# What all smoke images of an architecture share: the kernel, and an initrd with busybox, OpenSSH, jq and `ip`; and
# systemd with networkd where $init is systemd; where it is lean, no more than what fetches and mounts a store.
# In: $arch $init $debs $tools $kexec $rootfs $build. Out: $out/kernel, $out/initrd, $out/busybox, $out/kernel-version,
# $out/unpacked (bytes that the initrd takes in memory).
set -eu
: "${arch:?}" "${init:?}" "${debs:?}" "${tools:?}" "${kexec:?}" "${rootfs:?}" "${build:?}" "${out:?}"

packages=$PWD/packages
root=$PWD/root
mkdir "$packages" "$root"
# Nix lets no builder make set-uid and set-gid files; the images need none of them.
for deb in "$debs"/*.deb; do
  case "${deb##*/}" in
    linux-image-[0-9]* | busybox-static.deb | openssh-*.deb | systemd.deb | udev.deb | jq.deb | bash.deb | util-linux.deb | coreutils.deb | lib*.deb | zlib1g.deb)
      dpkg-deb --fsys-tarfile "$deb" | tar x -C "$packages" --exclude=ssh-agent --exclude=ssh-keysign --exclude=unix_chkpwd \
        --exclude=./bin/su ;;
  esac
done

# Debian's packages still say /lib where its systems have /usr/lib.
find_package_file() { # <name> [<folder>]
  find "$packages/lib" "$packages/usr/lib" "$packages/bin" "$packages/usr/bin" "$packages/usr/sbin" "$packages/lib64" \
    -name "$1" ! -type d 2>/dev/null | head -n 1
}

needed_libraries() { # <program>
  readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

add_libraries() { # <program>
  for library in $(needed_libraries "$1"); do
    [ ! -e "$root/lib/$library" ] || continue
    source=$(find_package_file "$library")
    [ -n "$source" ] || { echo "no package holds $library, which $1 needs" >&2; exit 1; }
    # ld.so has a place of its own.
    case "$library" in
      ld-linux-x86-64.so.2) to=$root/lib64/$library ;;
      *) to=$root/lib/$library ;;
    esac
    cp -L "$source" "$to"
    add_libraries "$to"
  done
}

add_program() { # <path in the package> <path in the image>
  cp -L "$packages/$1" "$root/$2"
  add_libraries "$root/$2"
}

for folder in bin sbin lib lib64 etc/ssh proc sys dev run tmp root usr/lib/openssh usr/bin usr/sbin var/empty run/sshd mnt; do
  mkdir -p "$root/$folder"
done
chmod 700 "$root/root"
chmod 1777 "$root/tmp"

cp "$packages/bin/busybox" "$root/bin/busybox"
if [ "$init" = lean ]; then
  cp "$tools/jq" "$root/bin/jq"
else
  add_program usr/sbin/sshd usr/sbin/sshd
  add_program usr/lib/openssh/sftp-server usr/lib/openssh/sftp-server
  add_program usr/bin/ssh-keygen usr/bin/ssh-keygen
  add_program usr/bin/jq usr/bin/jq
  # What programs that install over SSH expect of any Linux, and busybox has not, or not all of (setsid --wait). bash is the
  # shell of all, because busybox's takes its own setsid.
  add_program bin/bash bin/bash
  ln -s bash "$root/bin/sh"
  add_program usr/bin/setsid usr/bin/setsid
  add_program usr/bin/nohup usr/bin/nohup
fi
cp "$tools/ip" "$tools/bridge" "$root/sbin/"
mkdir "$root/kexec"
cp "$kexec/restore" "$kexec"/restore-network.sh "$kexec"/network-model.sh "$kexec"/*.jq "$root/kexec/"

# Modules: what QEMU's machines have and what saved networks may ask for, with all that these need.
kernel_version=$(cd "$packages/lib/modules" && echo *)
modules=$packages/lib/modules/$kernel_version
depmod -b "$packages" "$kernel_version"
[ "$init" != lean ] || mounts="loop squashfs overlay"
# shellcheck disable=SC2086 # a list of words
for module in virtio_pci virtio_mmio virtio_net virtio_blk virtio_rng af_packet bonding 8021q bridge dummy macvlan ipvlan vrf veth team efivarfs \
  ${mounts-}; do
  # In file names, _ and - are mixed.
  file=$(cd "$modules" && find kernel -name "$(echo "$module" | sed 's/_/[_-]/g').ko" | head -n 1)
  # Built in, or not known to this kernel.
  [ -n "$file" ] || continue
  echo "$file"
  sed -n "s|^$file: *||p" "$modules/modules.dep" | tr ' ' '\n'
done | sed '/^$/d' | sort -u >module-files
while read -r file; do
  mkdir -p "$root/lib/modules/$kernel_version/${file%/*}"
  cp "$modules/$file" "$root/lib/modules/$kernel_version/$file"
done <module-files
cp "$modules"/modules.builtin* "$modules/modules.order" "$root/lib/modules/$kernel_version/"
depmod -b "$root" "$kernel_version"

mkdir "$root/smoke" "$root/etc/modprobe.d"
# Of its own accord the module makes a bond0 that nobody asked for; systemd's own modprobe.d says the same.
echo 'options bonding max_bonds=0' >"$root/etc/modprobe.d/bonding.conf"
cp "$rootfs/console.sh" "$rootfs/report" "$root/smoke/"
if [ "$init" = systemd ]; then
  # shellcheck source=test/smoke-images/build/systemd.sh
  . "$build/systemd.sh"
elif [ "$init" = lean ]; then
  cp "$rootfs/lean-init" "$root/init"
  cp "$rootfs/network-parameters" "$root/smoke/network-parameters"
  cp "$kexec/fetch-store" "$root/kexec/"
else
  cp "$rootfs/init" "$root/init"
  cp "$rootfs/network-parameters" "$root/smoke/network-parameters"
fi
cp "$rootfs/network.sh" "$root/smoke/"
cp "$rootfs/sshd_config" "$root/etc/ssh/sshd_config"
mkdir -p "$root/etc/udhcpc"
cp "$rootfs/udhcpc" "$root/etc/udhcpc/default.script"
chmod 755 "$root/init" "$root/smoke/report" "$root/smoke/network-parameters" "$root/etc/udhcpc/default.script"
cat >"$root/etc/passwd" <<'EOF'
root:x:0:0:root:/root:/bin/sh
sshd:x:100:65534::/run/sshd:/sbin/nologin
systemd-network:x:101:101::/:/sbin/nologin
EOF
# '*' is no password that fits: keys are the only way in, unless a link brings a password.
echo 'root:*:19000::::::' >"$root/etc/shadow"
printf 'root:x:0:\nsystemd-network:x:101:\nnogroup:x:65534:\n' >"$root/etc/group"
echo /bin/sh >"$root/etc/shells"
chmod 600 "$root/etc/shadow"

mkdir "$out"
cp "$packages/boot/vmlinuz-$kernel_version" "$out/kernel"
cp "$packages/bin/busybox" "$out/busybox"
echo "$kernel_version" >"$out/kernel-version"
"$(command -v sh)" "$build/pack.sh" "$root" "$out/initrd"
echo $(($(du -sk "$root" | cut -f1) * 1024)) >"$out/unpacked"

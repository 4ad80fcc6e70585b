# shellcheck shell=sh
# Sourced by base.sh: adds Debian's systemd, udev and networkd to $root, and the few units that the smoke images need.
: "${packages:?}" "${root:?}" "${rootfs:?}"

mkdir -p "$root/lib/systemd/system" "$root/lib/systemd/network" "$root/lib/udev/rules.d" "$root/etc/systemd/system" \
  "$root/etc/systemd/network" "$root/usr/lib"
# Some look below /usr.
for folder in systemd udev modules; do
  ln -s "../../lib/$folder" "$root/usr/lib/$folder"
done
for program in systemd systemd-journald systemd-networkd systemd-networkd-wait-online systemd-network-generator systemd-shutdown; do
  add_program "lib/systemd/$program" "lib/systemd/$program"
done
for program in systemctl journalctl networkctl udevadm; do
  folder=bin
  [ -e "$packages/bin/$program" ] || folder=usr/bin
  add_program "$folder/$program" "bin/$program"
done
ln -s /bin/udevadm "$root/lib/systemd/systemd-udevd"

for unit in basic sysinit sockets timers paths slices local-fs local-fs-pre network network-pre network-online \
  shutdown umount final poweroff reboot; do
  cp "$packages/lib/systemd/system/$unit.target" "$root/lib/systemd/system/"
done
for unit in systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket \
  systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udev-trigger.service \
  systemd-udev-settle.service systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service \
  systemd-poweroff.service systemd-reboot.service; do
  cp "$packages/lib/systemd/system/$unit" "$root/lib/systemd/system/"
done
mkdir "$root/lib/systemd/system/sysinit.target.wants" "$root/lib/systemd/system/sockets.target.wants"
for unit in systemd-udevd.service systemd-udev-trigger.service systemd-journald.service; do
  ln -s "../$unit" "$root/lib/systemd/system/sysinit.target.wants/$unit"
done
for unit in systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-journald.socket systemd-journald-dev-log.socket systemd-networkd.socket; do
  ln -s "../$unit" "$root/lib/systemd/system/sockets.target.wants/$unit"
done
for rule in 50-udev-default 75-net-description 80-drivers 80-net-setup-link 99-systemd; do
  cp "$packages/lib/udev/rules.d/$rule.rules" "$root/lib/udev/rules.d/"
done
cp "$packages/lib/systemd/network/99-default.link" "$root/lib/systemd/network/"

cp "$rootfs"/systemd/*.service "$rootfs"/systemd/*.target "$root/etc/systemd/system/"
# A network that never comes up altogether is reported as it is.
mkdir "$root/etc/systemd/system/systemd-networkd-wait-online.service.d"
printf '[Service]\nExecStart=\nExecStart=/lib/systemd/systemd-networkd-wait-online --timeout=10\n' \
  >"$root/etc/systemd/system/systemd-networkd-wait-online.service.d/timeout.conf"
cp "$rootfs"/systemd/*.network "$root/etc/systemd/network/"
cp "$rootfs/systemd/init" "$root/init"
cp "$rootfs/systemd/network-parameters" "$root/smoke/network-parameters"
# Where the kernel looks when networkd asks for a bond.
ln -s ../bin/busybox "$root/sbin/modprobe"

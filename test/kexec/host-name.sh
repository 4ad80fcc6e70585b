#!/bin/sh
# The host name that an installer has once a DHCP server has sent another: with real systemd-networkd and hostnamed, in namespaces of
# their own. The image is called nixos-installer.
#
#     host-name.sh WORK [RESTORED] [LINKED] [GIVEN]     "" where there is none
#
# RESTORED is the old system's name, LINKED that of a customised link, GIVEN that of live.nixos.hostname. Prints the name after DHCP.
set -eu

nix=$(cd "$(dirname "$0")/../../nix" && pwd -P)
work=$1
restored=${2-}
linked=${3-}
given=${4-}

mkdir -p "$work/etc" "$work/state" "$work/customisation"
[ -z "$linked" ] || echo "$linked" >"$work/customisation/hostname"
[ -z "$restored" ] || echo "$restored" >"$work/state/hostname"
echo "quiet ${given:+live.nixos.hostname=$given}" >"$work/cmdline"
# networkd may ask hostnamed for a name because polkit says so; without polkit only root may.
{ grep -v '^systemd-network:' /etc/passwd; echo 'systemd-network:x:0:0::/:/bin/sh'; } >"$work/passwd"

# shellcheck disable=SC2016 # the inner shell's
exec unshare --net --mount --uts --pid --fork --mount-proc --kill-child sh -eu -c '
  work=$1 nix=$2
  exec 3>&1 >"$work/log" 2>&1
  mount -t tmpfs tmpfs /run
  mkdir -p /run/dbus /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases
  cp -a /etc/group /etc/dbus-1 "$work/etc/"
  cp "$work/passwd" "$work/etc/passwd"
  echo 0123456789abcdef0123456789abcdef >"$work/etc/machine-id"
  mount --bind "$work/etc" /etc

  # The image, as systemd has started it.
  ln -s /run/image-hostname /etc/hostname
  echo nixos-installer >/run/image-hostname
  hostname nixos-installer

  [ ! -e "$work/state/hostname" ] || "$nix/kexec/restore" --state "$work/state" --customisation "$work/customisation" hostname
  sh "$nix/kernel-parameters/apply" --cmdline "$work/cmdline"

  ip link set lo up
  ip netns add server
  ip link add eth0 type veth peer name server netns server
  ip -n server address add 192.0.2.1/24 dev server
  ip -n server link set server up
  printf "%s\n" "interface server" "start 192.0.2.50" "end 192.0.2.60" "option subnet 255.255.255.0" "option hostname from-dhcp" \
    "lease_file /run/leases" "pidfile /run/udhcpd.pid" >/run/udhcpd.conf
  : >/run/leases
  ip netns exec server busybox udhcpd -f /run/udhcpd.conf &
  dbus-daemon --system --fork --nopidfile
  /lib/systemd/systemd-hostnamed &
  until dbus-send --system --print-reply --dest=org.freedesktop.hostname1 /org/freedesktop/hostname1 org.freedesktop.DBus.Peer.Ping; do sleep 0.2; done
  printf "%s\n" "[Match]" "Name=eth0" "[Network]" "DHCP=ipv4" >/run/systemd/network/10-default.network
  # With /sys read-only, networkd does not wait for udev.
  mount --bind /sys /sys
  mount -o remount,bind,ro /sys
  export SYSTEMD_LOG_LEVEL=debug
  /lib/systemd/systemd-networkd &
  # Once hostnamed has answered, the name is what it will be.
  until grep -qs "Hostname set to" "$work/log"; do sleep 0.2; done
  cat /proc/sys/kernel/hostname >&3
' sh "$work" "$nix"

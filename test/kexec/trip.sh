#!/bin/sh
# One trip of a host's network through the installer, in network namespaces of its own: sets the host up, saves it, brings it up
# again in a namespace with nothing but the same two cards, and asks a router at the other end whether the addresses answer.
#
#     trip.sh SHAPE KEXEC ip|networkd WORK
#
# SHAPE is a folder of test/kexec/trips, KEXEC one with the scripts of nix/kexec, WORK a folder to make. Prints a fact a line: `before
# ADDRESS answers|silent`, `after ADDRESS answers|silent`, `unmade` where this kernel cannot make the network, and what restore says.
set -u

shape=$1
kexec=$2
way=$3
work=$4
space=trip$$
networkd=

mkdir -p "$work/kexec" "$work/root/etc" "$work/units" "$work/bin"
cp "$kexec"/* "$work/kexec/"
ip=$(command -v ip)
# The cards are ends of veth pairs, and pass here for hardware.
cat >"$work/bin/ip" <<CARDS
#!/bin/sh
case "\$*" in
  *-json*link* | *-json*address*)
    $ip "\$@" | jq -c 'map(if (.ifname | IN("eth0", "eth1")) and .linkinfo.info_kind == "veth" then del(.linkinfo.info_kind, .link, .link_netnsid) else . end)' ;;
  *) exec $ip "\$@" ;;
esac
CARDS
chmod 755 "$work/bin/ip"

inside() { # <host|router|installer> <command...>
  namespace=$space-$1
  shift
  "$ip" netns exec "$namespace" "$@"
}

clean_up() {
  [ -z "$networkd" ] || kill "$networkd" 2>/dev/null
  for namespace in host router installer; do
    for process in $("$ip" netns pids "$space-$namespace" 2>/dev/null); do kill "$process" 2>/dev/null; done
    "$ip" netns del "$space-$namespace" 2>/dev/null
  done
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

for namespace in host router installer; do
  "$ip" netns add "$space-$namespace"
  "$ip" -n "$space-$namespace" link set lo up
done

wire() { # <host|installer>: two cards that the router is on the other end of
  for card in 0 1; do
    "$ip" -n "$space-$1" link add "eth$card" address "52:54:00:00:01:0$((card + 1))" type veth peer name "r$card" netns "$space-router"
    "$ip" -n "$space-router" link set "r$card" up
  done
  inside router sh -e "$shape/router" 2>"$work/router.log"
}

ask() { # <before|after>
  while read -r address; do
    tries=0
    answer=silent
    while [ $tries -lt 40 ] && [ $answer = silent ]; do
      tries=$((tries + 1))
      if inside router busybox ping -c 1 -W 1 "$address" >/dev/null 2>&1; then answer=answers; else sleep 0.2; fi
    done
    # sshd has to be reached as well, which asks for more in a VRF.
    if [ "$1 $answer" = "after answers" ]; then
      inside router busybox nc -w 3 "$address" 22 </dev/null >/dev/null 2>&1 || answer="answers pings only"
    fi
    echo "$1 $address $answer"
  done <"$shape/check"
}

if ! wire host || ! inside host sh -e "$shape/network" 2>"$work/network.log"; then
  echo "unmade $(cat "$work/router.log" "$work/network.log" 2>/dev/null | head -n 1)"
  exit 0
fi
ask before

# shellcheck disable=SC2016 # the inner shell's
PATH="$work/bin:$PATH" inside host sh -c '
  here=$1/kexec state=$1/state work=$1
  missing() { echo "missing $*"; }
  mkdir "$state"
  cp "$1/bin/ip" "$here/ip"
  . "$here/save-network.sh"
  save_network
' sh "$work" | grep -v 'DNS servers'

"$ip" netns del "$space-host"
# The other ends go with it, but not at once.
while inside router "$ip" link show r0 >/dev/null 2>&1; do sleep 0.1; done
"$ip" -n "$space-router" address flush dev lo scope global
wire installer
inside installer busybox nc -ll -p 22 -e true >/dev/null 2>&1 &

restore() {
  PATH="$work/bin:$PATH" inside installer "$work/kexec/restore" --state "$work/state" --root "$work/root" --ip "$work/bin/ip" "$@" network |
    grep -v '^network \|^dhcp4 '
}
if [ "$way" = ip ]; then
  restore
else
  restore --units "$work/units"
  # Only hardware has permanent MACs.
  sed -i 's/^PermanentMACAddress/MACAddress/' "$work/units"/*
  # With /sys read-only, networkd does not wait for udev.
  # shellcheck disable=SC2016 # the inner shell's
  inside installer unshare --mount sh -c '
    mount -t tmpfs tmpfs /run
    mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases
    cp "$1"/units/* /run/systemd/network/
    chown -R systemd-network /run/systemd/netif
    mount --bind /sys /sys
    mount -o remount,bind,ro /sys
    exec /lib/systemd/systemd-networkd
  ' sh "$work" >"$work/networkd.log" 2>&1 &
  networkd=$!
fi
ask after

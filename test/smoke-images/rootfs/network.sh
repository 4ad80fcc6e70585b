# shellcheck shell=dash
# Sourced by the first processes that have no systemd: brings up drivers and network. After console.sh.
: "${consoles:?}"

network_cards() { # virtual interfaces have no device behind them
  for interface in /sys/class/net/*/device; do
    [ ! -e "$interface" ] || basename "${interface%/device}"
  done
}

load_drivers() {
  find /sys/devices -name modalias -exec cat {} + 2>/dev/null | sort -u | while IFS= read -r alias; do
    modprobe -qb "$alias" 2>/dev/null
  done
  for module in virtio_pci virtio_mmio virtio_net virtio_rng af_packet 8021q bridge; do
    modprobe -q "$module"
  done
  # Of its own accord it makes a bond0 that nobody asked for.
  modprobe -q bonding max_bonds=0
  # Interfaces come a little after their drivers.
  tries=0
  while [ -z "$(network_cards)" ] && [ $tries -lt 50 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
  ip link set lo up
}

# What came with the initrd goes where `restore` looks for it.
keep_carried_over() {
  for folder in host-state customisation; do
    [ ! -d "/$folder" ] || cp -a "/$folder" /run/
  done
}

# What `restore --ip` cannot do by itself, by what it wrote into /run/restore.log; DHCP on every card where nothing was saved.
ask_for_leases() {
  if [ -e /smoke/network ]; then
    # A network that a test brought in an initrd of its own.
    # shellcheck source=/dev/null
    (. /smoke/network) 2>&1 | sed 's/^/missing network: /' | say_lines
  elif grep -q '^ip=' /run/network-parameters 2>/dev/null; then
    : # as the parameters say
  elif [ -d /run/host-state/network ]; then
    sed -n 's/^dhcp4 //p' /run/restore.log | while read -r interface address client; do
      set --
      [ "$client" = - ] || set -- -x "0x3d:$client"
      udhcpc -i "$interface" -r "$address" "$@" -b -t 5 -T 1 -A 5 -S >/dev/null 2>&1 &
    done
  else
    for interface in $(network_cards); do
      ip link set "$interface" up
      udhcpc -i "$interface" -b -t 5 -T 1 -A 5 -S >/dev/null 2>&1
    done
  fi
}

# shellcheck shell=sh
# Saves the network that the installer brings up again, below $state/network. Sourced by run.
# run makes $work and $state after it has read this file.
# shellcheck disable=SC2154
: "${here:?}"

# `ip` beside this script speaks JSON; the machine's own may be busybox's, or missing.
save_network() {
  mkdir "$state/network"
  save_json links -details address show
  save_json routes4 -4 -details route show table all
  save_json routes6 -6 -details route show table all
  save_json rules4 -4 rule show
  save_json rules6 -6 rule show
  { networkd_leases; udhcpc_leases; } >"$state/network/dhcp4"
  # resolved's stub is of no use to the installer; what it asks is in the other file.
  for file in /run/systemd/resolve/resolv.conf /etc/resolv.conf; do
    [ -s "$file" ] || continue
    cat "$file" >"$state/network/resolv.conf"
    return 0
  done
  missing "DNS servers (/etc/resolv.conf)"
}

# What DHCP clients know and addresses do not show: <interface> <address> <client identifier>, "-" where unknown.
networkd_leases() {
  for lease in /run/systemd/netif/leases/*; do
    [ -s "$lease" ] || continue
    for interface in /sys/class/net/*; do
      [ "$(cat "$interface/ifindex" 2>/dev/null)" = "${lease##*/}" ] || continue
      awk -F= -v interface="${interface##*/}" '
        { value[$1] = $2 }
        END { print interface, value["ADDRESS"] ? value["ADDRESS"] : "-", value["CLIENTID"] ? value["CLIENTID"] : "-" }
      ' "$lease"
    done
  done
}

# Busybox's client sets no lifetime; only its command line tells (option 0x3d is the client identifier).
udhcpc_leases() {
  grep -l udhcpc /proc/[0-9]*/cmdline 2>/dev/null | while read -r arguments; do
    { tr '\0' '\n' <"$arguments"; } 2>/dev/null | awk '
      NR <= 2 && /(^|\/)udhcpc$/ { client = 1 }
      previous == "-i" || previous == "--interface" { interface = $0 }
      /^-i./ { interface = substr($0, 3) }
      /^--interface=/ { interface = substr($0, 13) }
      tolower($0) ~ /^(-x)?0x3d:/ { identifier = tolower($0); sub(/.*:/, "", identifier) }
      { previous = $0 }
      END { if (client) print interface ? interface : "eth0", "-", identifier ? identifier : "-" }
    '
  done
}

save_json() { # <name> <arguments of ip...>
  name=$1
  shift
  "$here/ip" -json "$@" >"$state/network/$name.json" 2>"$work/ip.log" && return 0
  rm -f "$state/network/$name.json"
  missing "network $name ($(head -n 1 "$work/ip.log"))"
}

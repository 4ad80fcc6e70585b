# shellcheck shell=sh
# Saves the network that the installer brings up again, below $state/network. Sourced by run.
# run makes $work and $state after it has read this file.
# shellcheck disable=SC2154
: "${here:?}"

# `ip` beside this script speaks JSON; the machine's own may be busybox's, or missing.
save_network() {
  mkdir "$state/network"
  save_json links -details address show
  save_routes 4
  save_routes 6
  # Numbers: the installer does not know the names that this machine has in /etc/iproute2.
  save_json rules4 -N -4 rule show
  save_json rules6 -N -6 rule show
  list_cards >"$state/network/cards"
  save_bridge_vlans
  save_teams
  { networkd_leases; udhcpc_leases; } >"$state/network/dhcp4"
  # resolved's stub is of no use to the installer; what it asks is in the other file.
  for file in /run/systemd/resolve/resolv.conf /etc/resolv.conf; do
    grep -q '^nameserver' "$file" 2>/dev/null || continue
    cat "$file" >"$state/network/resolv.conf"
    break
  done
  [ -s "$state/network/resolv.conf" ] || missing "DNS servers (/etc/resolv.conf)"
  other_resolvers >"$state/network/other-resolvers"
}

# save_json says it already.
no_part() { :; }

# A routing daemon's routes are counted and left behind, here already: a full table takes minutes and gigabytes as JSON.
save_routes() { # <4|6>
  "$here/ip" -N "-$1" -oneline route show table all 2>/dev/null | awk '
    { protocol = 3; for (field = 1; field < NF; field++) if ($field == "proto") protocol = $(field + 1); count[protocol]++ }
    END { for (protocol in count) print protocol, count[protocol] }
  ' >"$work/protocols"
  jq -Rr -L "$here" 'include "network"; split(" ") | select({ protocol: .[0] } | protocol | is_daemon) | join(" ")' \
    "$work/protocols" >"$work/daemons"
  if [ ! -s "$work/daemons" ]; then
    save_json "routes$1" -N "-$1" -details route show table all
    return 0
  fi
  cat "$work/daemons" >>"$state/network/daemon-routes"
  while read -r protocol _; do
    what=
    # Their default routes are the machine's.
    ! grep -q "^$protocol " "$work/daemons" || what="exact default"
    # shellcheck disable=SC2086 # what is a list of words
    save_json "routes$1" -N "-$1" -details route show table all proto "$protocol" $what
    # ip leaves out what it was asked for.
    jq -c --arg protocol "$protocol" '.[] | .protocol = $protocol' "$state/network/routes$1.json"
  done <"$work/protocols" >"$work/routes"
  jq -cs . "$work/routes" >"$state/network/routes$1.json"
}

# What `ip` does not tell of network cards: <interface> <driver> wired|wireless, "-" for an unknown driver.
list_cards() {
  for device in /sys/class/net/*/device; do
    [ -e "$device" ] || continue
    card=${device%/device}
    driver=$(readlink "$device/driver") || driver=-
    kind=wired
    [ ! -e "$card/phy80211" ] && [ ! -e "$card/wireless" ] || kind=wireless
    echo "${card##*/} ${driver##*/} $kind"
  done
}

# Only bridges that mind VLANs need them, and whoever made one has iproute2's `bridge`.
save_bridge_vlans() {
  grep -q '"vlan_filtering":1' "$state/network/links.json" 2>/dev/null || return 0
  bridge -compressvlans -json vlan show >"$state/network/vlans.json" 2>"$work/bridge.log" && return 0
  rm -f "$state/network/vlans.json"
  missing "VLANs of bridges ($(head -n 1 "$work/bridge.log"))"
}

# What a team does is known to its daemon alone.
save_teams() {
  jq -r '.[] | select(.linkinfo.info_kind == "team") | .ifname' "$state/network/links.json" 2>/dev/null | while read -r team; do
    teamdctl "$team" config dump 2>/dev/null || :
  done >"$work/teams"
  [ ! -s "$work/teams" ] || jq -cs . "$work/teams" >"$state/network/teams.json" || rm -f "$state/network/teams.json"
}

# Name servers that this machine knows beside those that it asks, which a VPN may have put in their place.
other_resolvers() {
  sed -n 's/^\(nameserver [^ ]*\).*/\1/p' /etc/resolv.conf /run/NetworkManager/resolv.conf /run/NetworkManager/no-stub-resolv.conf \
    /run/resolvconf/interface/* /run/dhcpcd/hook-state/resolv.conf.* /etc/resolv.pre-tailscale-backup.conf 2>/dev/null || :
  {
    # systemd-networkd's leases and links, and NetworkManager's leases.
    sed -n 's/^\(DNS\|SERVERS\)=//p' /run/systemd/netif/leases/* /run/systemd/netif/links/* /run/systemd/resolve/netif/* \
      /var/lib/NetworkManager/*.lease 2>/dev/null || :
    # dhclient's, the newest last.
    sed -n 's/^ *option domain-name-servers \(.*\);/\1/p' /var/lib/dhcp/dhclient*.lease* /var/lib/dhclient/*.lease* 2>/dev/null | tail -n 1
  } | tr -s ', ' '\n' | sed -n 's/^[0-9a-fA-F.:][0-9a-fA-F.:]*$/nameserver &/p'
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

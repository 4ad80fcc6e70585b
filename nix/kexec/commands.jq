# Network model → commands, each after the name of what it goes to: `ip`, `ip4`, `ip6` and `bridge` (lines of their batch files), or
# `sysctl` (a path below /proc/sys, and a value). With $for "ip" all that systems without systemd-networkd need, with "networkd" what
# it has to find when it starts and what it cannot say. Interfaces are found by their permanent MAC among $now (`ip -json
# -details link`), whatever they are called today.
include "network";

# Batch files know quotes, but nothing that is said here needs them.
def command($program): map(select(. != null) | tostring) | "\($program) \(join(" "))";
def option($word; $value): if $value == null then [] else [$word, $value] end;
def flag($word; $on): if $on then [$word] else [] end;
def family: if .family == "inet6" then "ip6" else "ip4" end;

def create($parent):
  ["link", "add"]
  + (if .kind == "bond" then
      ["name", .name, "type", "bond", "mode", .settings.mode]
      + option("miimon"; .settings.miimon)
      + (if .settings.mode == "802.3ad" then option("lacp_rate"; .settings.ad_lacp_rate) else [] end)
      + option("xmit_hash_policy"; .settings.xmit_hash_policy)
    elif .kind == "vlan" then
      ["link", $parent, "name", .name, "type", "vlan", "protocol", (.settings.protocol // "802.1Q"), "id", .settings.id]
    elif .kind == "macvlan" then ["link", $parent, "name", .name, "address", .mac, "type", "macvlan"] + option("mode"; .settings.mode)
    elif .kind == "ipvlan" then
      ["link", $parent, "name", .name, "type", "ipvlan"] + option("mode"; .settings.mode)
      + (.settings as $settings | ["private", "vepa"] | map(select(. as $flag | $settings | has($flag))))
    elif .kind == "vrf" then ["name", .name, "type", "vrf", "table", .settings.table]
    elif .kind == "bridge" then
      ["name", .name, "type", "bridge", "stp_state", (.settings.stp_state // 0), "forward_delay", (.settings.forward_delay // 1500)]
      + (if .settings.vlan_filtering == 1 then ["vlan_filtering", 1, "vlan_default_pvid", 0] else [] end)
    else ["name", .name, "type", "dummy"]
    end);

# Parents before what lies on them, so that each finds it.
def depth($links): . as $link | if .kind != "physical" and .parent != null then 1 + (first($links[] | select(.name == $link.parent)) | depth($links)) else 0 end;

def hop_words($model; $now):
  (if .gateway == null then [] elif (.gateway | contains(":")) then ["via", "inet6", .gateway] else ["via", .gateway] end)
  + ["dev", (.dev | name_now($model; $now))]
  + flag("onlink"; .onlink);

def route_words($model; $now):
  # Two routes may differ in no more than their gateway.
  ["route", "append"]
  + (if .type == "unicast" then [] else [.type] end)
  + [.destination]
  + option("from"; .from)
  + ["table", .table]
  + option("scope"; if .family == "inet" then .scope else null end)
  + option("metric"; .metric) + option("src"; .source) + option("pref"; .preference)
  + option("mtu"; .mtu) + option("advmss"; .advmss) + option("initcwnd"; .initcwnd) + option("initrwnd"; .initrwnd)
  + (if (.hops | length) > 1 then [.hops[] | ["nexthop"] + hop_words($model; $now) + ["weight", .weight] | .[]]
     else [.hops[] | hop_words($model; $now) | .[]] end);

def route_command($model; $now):
  family as $program
  | route_words($model; $now)
  # iproute2 takes `via inet6` for IPv4 routes only.
  | if $program == "ip6" then map(select(. != "inet6")) else . end
  | command($program);

# networkd leaves rules of the kernel alone, and would take others away.
def rule_command($model; $now):
  family as $program
  | ["rule", "add"] + flag("not"; .not)
    + option("from"; .from // "all") + option("to"; .to) + option("tos"; .tos) + option("fwmark"; .fwmark)
    + option("iif"; .iif | if . then name_now($model; $now) else null end)
    + option("oif"; .oif | if . then name_now($model; $now) else null end)
    + option("uidrange"; .uids) + option("ipproto"; .protocol) + option("sport"; .sports) + option("dport"; .dports)
    + option("tun_id"; .tunnel) + option("realms"; .realms)
    + option("suppress_prefixlength"; .suppressPrefix) + option("suppress_ifgroup"; .suppressGroup)
    + ["priority", .priority, "protocol", "kernel"]
    + flag("l3mdev"; .l3mdev)
    + (if .goto then ["goto", .goto] elif .table then ["table", .table] elif .action then [.action] else [] end)
  | command($program);

def address_words:
  [(if .peer then .local else "\(.local)/\(.prefix)" end)]
  + (if .peer then ["peer", "\(.peer)/\(.prefix)"] else [] end)
  + option("broadcast"; .broadcast)
  + ["scope", .scope]
  + option("metric"; .metric)
  + flag("nodad"; .family == "inet6")
  + flag("noprefixroute"; .noprefixroute);

# networkd takes an address that will end for one of DHCP's, and keeps it (KeepConfiguration=dhcp). This one ends after
# ten years: the machine must not become unreachable because no server answers.
def leased_addresses($model; $now):
  $model.links[]
  | select(placed($now))
  | (.name | name_now($model; $now)) as $name
  | .dhcp4.address as $leased
  | .addresses[]
  | select(.local == $leased)
  | ["address", "replace"] + address_words + ["valid_lft", 315360000, "preferred_lft", 315360000, "dev", $name]
  | command("ip");

# A service answers in a VRF only if it asks for it by name; sshd does not.
def vrf_sysctls: .links | select(any(.[]; .kind == "vrf")) | "sysctl net/ipv4/tcp_l3mdev_accept 1", "sysctl net/ipv4/udp_l3mdev_accept 1";

def vlan_words: ["vid", "\(.vlan)\(if .vlanEnd then "-\(.vlanEnd)" else "" end)"]
  + ((.flags // []) as $flags | flag("pvid"; $flags | index("PVID")) + flag("untagged"; $flags | index("Egress Untagged")));

def commands($model; $now):
  ($model.links | map(select(.kind != "loopback")) | sort_by(depth($model.links))) as $links
  | ($links[] | select(.kind != "physical")
      | create(.parent | if . then name_now($model; $now) else null end) | command("ip")),
    ($links[] | (.name | name_now($model; $now)) as $name
      | (select((.kind | IN("bond", "bridge", "dummy")) and .mac != null) | ["link", "set", $name, "address", .mac]),
        (select(.master != null) | ["link", "set", $name, "down"], ["link", "set", $name, "master", .master])
      | command("ip")),
    ($links[] | (.name | name_now($model; $now)) as $name | select(.up)
      | ["link", "set", $name, "mtu", .mtu, "up"] | command("ip")),
    ($model.links[] | (.name | name_now($model; $now)) as $name
      | .addresses[]
      | ["address", "replace"] + address_words + (if .deprecated then ["preferred_lft", 0] else [] end) + ["dev", $name] | command("ip")),
    # A bridge that minds VLANs, and its ports.
    ($links[] | select(.kind == "bridge" and .settings.vlan_filtering == 1) as $bridge
      | $links[] | select(.name == $bridge.name or .master == $bridge.name)
      | (.name | name_now($model; $now)) as $name | .name as $saved
      | .vlans[] | ["vlan", "add", "dev", $name] + vlan_words + flag("self"; $saved == $bridge.name) | command("bridge")),
    # A gateway must be reachable by a route that is there already.
    ($model.routes | sort_by([.hops[] | select(.gateway != null)] | length)[] | route_command($model; $now));

. as $model
| (if $for == "networkd" then leased_addresses($model; $now) else commands($model; $now) end),
  ($model.rules[] | rule_command($model; $now)),
  vrf_sysctls

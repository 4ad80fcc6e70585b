# Network model → one `ip` command a line: with $for "ip" all that systems without systemd-networkd need, with "networkd"
# what it has to find when it starts. Interfaces are found by their permanent MAC among $now (`ip -json -details link`),
# whatever they are called today.
include "network";

def command: map(select(. != null) | tostring) | @sh;

def create($parent):
  if .kind == "bond" then
    ["link", "add", .name, "type", "bond",
     "mode", .settings.mode] +
    (if .settings.miimon then ["miimon", .settings.miimon] else [] end) +
    (if .settings.mode == "802.3ad" and .settings.ad_lacp_rate then ["lacp_rate", .settings.ad_lacp_rate] else [] end) +
    (if .settings.xmit_hash_policy then ["xmit_hash_policy", .settings.xmit_hash_policy] else [] end)
  elif .kind == "vlan" then
    ["link", "add", "link", $parent, "name", .name, "type", "vlan", "protocol", (.settings.protocol // "802.1Q"), "id", .settings.id]
  elif .kind == "bridge" then
    ["link", "add", .name, "type", "bridge", "stp_state", (.settings.stp_state // 0), "forward_delay", (.settings.forward_delay // 1500)]
  else ["link", "add", .name, "type", "dummy"]
  end;

# Parents before VLANs, so that each finds what it lies on.
def depth($links): . as $link | if .kind == "vlan" and .parent != null then 1 + (first($links[] | select(.name == $link.parent)) | depth($links)) else 0 end;

def hop_words($model; $now):
  (if .gateway == null then [] elif (.gateway | contains(":")) then ["via", "inet6", .gateway] else ["via", .gateway] end)
  + ["dev", (.dev | name_now($model; $now))]
  + (if .onlink then ["onlink"] else [] end);

def route_command($model; $now):
  [(if .family == "inet6" then "-6" else "-4" end), "route", "replace"]
  + (if .type == "unicast" then [] else [.type] end)
  + [.destination, "table", .table]
  + (if .metric then ["metric", .metric] else [] end)
  + (if .source then ["src", .source] else [] end)
  + (if .mtu then ["mtu", .mtu] else [] end)
  + (if (.hops | length) > 1 then [.hops[] | ["nexthop"] + hop_words($model; $now) + ["weight", .weight] | .[]]
     else [.hops[] | hop_words($model; $now) | .[]] end)
  # iproute2 takes `via inet6` for IPv4 routes only.
  | if (.[0] == "-6") then map(select(. != "inet6")) else . end;

def address_words:
  [(if .peer then .local else "\(.local)/\(.prefix)" end)]
  + (if .peer then ["peer", "\(.peer)/\(.prefix)"] else [] end)
  + (if .broadcast then ["broadcast", .broadcast] else [] end)
  + ["scope", .scope]
  + (if .family == "inet6" then ["nodad"] else [] end)
  + (if .noprefixroute then ["noprefixroute"] else [] end);

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
  | command;

def commands($model; $now):
  ($model.links | sort_by(depth($model.links))) as $links
  | ($links[] | select(.kind != "physical")
      | create(.parent | if . then name_now($model; $now) else null end)),
    ($links[] | (.name | name_now($model; $now)) as $name | select($name != null)
      | (select(.kind != "physical" and .kind != "vlan" and .mac != null) | ["link", "set", $name, "address", .mac]),
        (select(.master != null) | ["link", "set", $name, "down"], ["link", "set", $name, "master", .master])),
    ($links[] | (.name | name_now($model; $now)) as $name | select($name != null and .up)
      | ["link", "set", $name, "mtu", .mtu, "up"]),
    ($links[] | (.name | name_now($model; $now)) as $name | select($name != null)
      | .addresses[]
      | ["address", "replace"] + address_words + ["dev", $name]),
    # A gateway must be reachable by a route that is there already.
    ($model.routes | sort_by([.hops[] | select(.gateway != null)] | length)[] | route_command($model; $now)),
    ($model.rules[]
      | [(if .family == "inet6" then "-6" else "-4" end), "rule", "add"]
        + (if .not then ["not"] else [] end)
        + (if .from then ["from", .from] else [] end)
        + (if .to then ["to", .to] else [] end)
        + (if .fwmark then ["fwmark", (if .fwmask then "\(.fwmark)/\(.fwmask)" else .fwmark end)] else [] end)
        + (if .iif then ["iif", .iif] else [] end)
        + (if .oif then ["oif", .oif] else [] end)
        + (if .table then ["table", .table] else [.action] end)
        + ["priority", .priority])
  | command;

network($resolv; $dhcp4) as $model
| if $for == "networkd" then leased_addresses($model; $now) else commands($model; $now) end

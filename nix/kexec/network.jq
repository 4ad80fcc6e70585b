# Saved network state → what the installer should bring up again:
#
#   { links: [{ name, kind, permanentMac, driver, mac, mtu, up, master, parent, settings, vlans, addresses: [...], dhcp4: { address, clientId } or null, ra }],
#     sharedMacs: [...], routes: [...], rules: [...], dns: [...], dnsReached, search: [...], daemonRoutes, left: [sentence…] }
#
# kind is physical, loopback, bond, vlan, bridge, macvlan, ipvlan, vrf or dummy. Everything else that was saved is left behind, and said.
#
# Input is an object with the saved files by their names (network-model.sh): links, routes4, routes6, rules4, rules6 as `ip` prints them, vlans
# as `bridge` does, teams as teamdctl does, and the text of resolv.conf, other-resolvers, dhcp4, cards and daemon-routes.
#
# A library that includes none: jq 1.8.2 links such in the wrong order and aborts (jqlang/jq#3597).

# Internet addresses and prefixes as numbers. Without regular expressions: the jq of the tarball has none.

def hexadecimal: ascii_downcase | explode | reduce .[] as $digit (0; . * 16 + ($digit | if . >= 97 then . - 87 else . - 48 end));
def dotted: split(".") | map(tonumber) | [.[0] * 256 + .[1], .[2] * 256 + .[3]];

# An address in groups of 16 bits: two of IPv4, eight of IPv6.
def groups:
  def listed: if . == "" then [] else [split(":")[] | if contains(".") then dotted[] else hexadecimal end] end;
  split("%")[0]
  | if contains(":") | not then dotted
    else [split("::")[] | listed]
      | if length == 1 then .[0] else .[0] + [range(8 - (map(length) | add)) | 0] + .[1] end
    end;

def prefix_length: if . == "default" then 0 elif contains("/") then split("/")[1] | tonumber elif contains(":") then 128 else 32 end;

# Does a prefix (or an address, or "default") hold the address?
def holds($address):
  def power: reduce range(.) as $_ (1; . * 2);
  if . == "default" then true
  else prefix_length as $length
    | (split("/")[0] | groups) as $mine
    | ($address | groups) as $other
    | ($mine | length) == ($other | length)
      and all(range($mine | length);
        (([16 - ($length - . * 16), 0] | max) | [., 16] | min | power) as $divisor
        | ($mine[.] / $divisor | floor) == ($other[.] / $divisor | floor))
  end;

# The numbers that the kernel has for tables, types, scopes and protocols, as `ip -N` prints them, and iproute2's words for them
# (rtnetlink(7), include/uapi/linux/rtnetlink.h). The words of a machine's own /etc/iproute2 mean nothing anywhere else.

def route_type: .type // "unicast"
  | { "1": "unicast", "2": "local", "3": "broadcast", "4": "anycast", "5": "multicast", "6": "blackhole", "7": "unreachable", "8": "prohibit", "9": "throw" }[.] // .;

# What a rule does when it looks up no table (FR_ACT_*).
def route_action: { "6": "blackhole", "7": "unreachable", "8": "prohibit" }[. // ""] // .;

def scope: .scope // null | { "0": "global", "200": "site", "253": "link", "254": "host", "255": "nowhere" }[. // ""] // .;

def table_or_null: .table // null | { "253": "default", "254": "main", "255": "local" }[. // ""] // .;
def table: table_or_null // "main";

# Names of a machine's own, which the installer's `ip` does not know. null is no table at all.
def is_unknown_name: . != null and (IN("main", "local", "default") | not) and (try (tonumber | false) catch true);

def protocols:
  { "0": "unspec", "1": "redirect", "2": "kernel", "3": "boot", "4": "static", "8": "gated", "9": "ra", "10": "mrt", "11": "zebra", "12": "bird",
    "13": "dnrouted", "14": "xorp", "15": "ntk", "16": "dhcp", "17": "mrouted", "18": "keepalived", "42": "babel", "80": "calico", "84": "ovn",
    "99": "openr", "186": "bgp", "187": "isis", "188": "ospf", "189": "rip", "191": "nhrp", "192": "eigrp", "193": "ldp", "194": "sharp",
    "197": "openfabric" };
def protocol: .protocol // "boot" | protocols[.] // .;
# 196 is what FRR's staticd sets, and numbers that are not known here are people's own.
def is_daemon: IN("gated", "mrt", "zebra", "bird", "dnrouted", "xorp", "ntk", "mrouted", "keepalived", "babel", "calico", "ovn", "openr", "bgp",
  "isis", "ospf", "rip", "nhrp", "eigrp", "ldp", "sharp", "openfabric");

def lines: split("\n")[] | select(. != "");

# The lines of cards: interface, driver, and wired or wireless, "-" where unknown.
def cards: [.cards // "" | lines | split(" ") | { name: .[0], driver: (.[1] | if . == "-" then null else . end), wireless: (.[2] == "wireless") }];

# Wi-Fi looks like Ethernet to `ip`. Without a line in cards only its name tells.
def wireless($cards): .ifname as $name | (first($cards[] | select(.name == $name)) // null) as $card
  | if $card then $card.wireless else .ifname | startswith("wl") end;

def physical: (.linkinfo.info_kind // null) == null and .link_type == "ether";

# A bond gives all its members one MAC; the interface is found again by the one it was made with.
def permanent_mac: .permaddr // .linkinfo.info_slave_data.perm_hwaddr // .address;

def kind: if .ifname == "lo" then "loopback" else .linkinfo.info_kind // .link_type end;

# Dummies that a daemon fills with the addresses of services, which are not the machine's: those of kube-proxy, of the
# node's DNS cache and of kube-router. kube-proxy's is never up; one that is down is not in use by people.
def filled_by_daemon: kind == "dummy" and ((.ifname | IN("kube-ipvs0", "nodelocaldns", "kube-dummy-if")) or (.flags | index("UP") == null));

# Bridges of container engines, VPN tunnels and the like have no physical interface below them. Without the programs
# that made them they mean nothing in the installer.
def on_hardware($all; $cards):
  . as $link
  | kind as $kind
  | if $kind == "loopback" then true
    elif physical then wireless($cards) | not
    elif $kind == "dummy" then (.addr_info | length) > 0 and (filled_by_daemon | not)
    elif $kind | IN("vlan", "macvlan", "ipvlan") then
      .link_netnsid == null and any($all[]; .ifname == $link.link and on_hardware($all; $cards))
    elif $kind | IN("bond", "bridge", "team", "vrf") then
      any($all[]; .master == $link.ifname and on_hardware($all; $cards))
    else false
    end;

# Link-local and temporary addresses make themselves anew, and so do those that every machine has.
def kept_address:
  (.family == "inet" or .scope != "link")
  and (.temporary | not)
  and (.tentative != true or .dadfailed != true)
  and (.local as $local | any("127.0.0.0/8", "::1"; holds($local)) | not);

def address:
  { family,
    local,
    peer: (.address // null),
    prefix: .prefixlen,
    scope,
    broadcast: (.broadcast // null),
    metric: (.metric // null),
    dynamic: (.dynamic // false),
    deprecated: (.deprecated // false),
    noprefixroute: (.noprefixroute // false) };

# The text of dhcp4 (save-network.sh): what DHCP clients know and addresses do not show. "-" stands for unknown.
def leases:
  def known: if . == "-" then null else . end;
  [.dhcp4 // "" | lines | split(" ") | select(length == 3) | { dev: .[0], address: (.[1] | known), clientId: (.[2] | known) }];

# The IPv4 address that a DHCP server leased to the link. A client that sets no lifetime (busybox's) leaves one that
# looks static: it is the link's first, then.
def lease($leases):
  .ifname as $name
  | [.addr_info[] | select(.family == "inet" and .scope == "global")] as $addresses
  | ([$leases[] | select(.dev == $name)] | first) as $lease
  | first(($addresses[] | select(.local == $lease.address)), ($addresses[] | select(.dynamic)), (select($lease) | $addresses[0]), null)
  | if . then { address: .local, clientId: $lease.clientId } else null end;

# A team becomes a bond that does the same (teamd.conf(5), runners). The kernel does not know a team's runner, teamd does; without
# it one card at a time is what every switch takes.
def team_settings($runner):
  { activebackup: "active-backup", lacp: "802.3ad", loadbalance: "balance-xor", roundrobin: "balance-rr", random: "balance-rr", broadcast: "broadcast" }[$runner // ""] // "active-backup"
  | { mode: ., miimon: 100 };
def runner($teams): .ifname as $name | first($teams[] | select(.device == $name) | .runner.name) // null;

# What `bridge` said of an interface's VLANs: [{ vlan, vlanEnd, flags }…], or null. Before iproute2 4.19 it was an object.
def vlans_of($vlans): .ifname as $name | $vlans
  | if . == null then null elif type == "object" then .[$name] // [] else first(.[] | select(.ifname == $name) | .vlans) // [] end;

def link($leases; $teams; $cards; $vlans):
  kind as $kind
  | .ifname as $name
  | { name: $name,
      kind: (if $kind == "team" then "bond" elif physical then "physical" else $kind end),
      permanentMac: permanent_mac,
      driver: (first($cards[] | select(.name == $name) | .driver) // null),
      mac: .address,
      mtu,
      up: (.flags | index("UP") != null),
      master: (.master // null),
      # lo has none, and of a VLAN it is what it lies on.
      parent: (.link // null),
      settings: (if $kind == "team" then team_settings(runner($teams)) else .linkinfo.info_data // {} end),
      vlans: vlans_of($vlans),
      addresses: [.addr_info[] | select(kept_address) | address],
      dhcp4: lease($leases) };

# Router advertisements bring theirs again.
def from_ra: .family == "inet6" and .protocol == "ra";

def hop:
  { gateway: (.gateway // .via.host // null), dev: (.dev // null), weight: (.weight // 1), onlink: ((.flags // []) | index("onlink") != null), encap: (has("encap")) };

def route($family):
  def setting($name): [.metrics[]? | .[$name]? // empty] | first // null;
  { family: $family,
    type: route_type,
    destination: .dst,
    from: (.from // null),
    tos: (.tos // null),
    table: table,
    protocol: protocol,
    scope: scope,
    metric: (.metric // null),
    source: (.prefsrc // null),
    preference: (.pref // null | if . == "medium" then null else . end),
    mtu: setting("mtu"),
    advmss: setting("advmss"),
    initcwnd: setting("initcwnd"),
    initrwnd: setting("initrwnd"),
    hops: (if route_type | IN("unicast", "local") | not then []
           elif .nexthops then [.nexthops[] | hop]
           else [hop] end) };

# The kernel makes its own routes with the addresses, but not with those that were given `noprefixroute` (NetworkManager's): there
# somebody made them in the kernel's name.
def made_in_kernels_name($links):
  . as $route
  | .type == "unicast" and .table != "local" and (.hops | length) == 1 and .hops[0].gateway == null
    and any($links[] | select(.ifname == $route.hops[0].dev) | .addr_info[] | select(.noprefixroute and .family == $route.family);
      $route.source == .local or (.local as $local | $route.source == null and ($route.destination | holds($local))));

def kept_route($links):
  (.type | IN("broadcast", "anycast", "multicast") | not)
  and (if .protocol == "kernel" then made_in_kernels_name($links)
       elif .table == "local" or .type == "local" then .protocol | IN("boot", "static")
       else .protocol != "redirect" end);

# Routes that a routing daemon learned, or counted for it, come again with the daemon or not at all. A default route is the machine's.
def of_daemon: (.protocol | is_daemon) and .destination != "default";

# networkd and older kernels could only take these for more than they were.
def cannot_be_said: .tos != null or any(.hops[]; .encap) or (.table | is_unknown_name);

def rule($family):
  def selector($address; $length): if $address == null or $address == "all" then null
    else (if $address == "0" then (if $family == "inet6" then "::" else "0.0.0.0" end) else $address end) + (if $length then "/\($length)" else "" end) end;
  def span($one; $first; $last): if $one != null then "\($one)" elif $first != null then "\($first)-\($last)" else null end;
  { family: $family,
    priority,
    not: has("not"),
    from: selector(.src; .srclen),
    to: selector(.dst; .dstlen),
    tos: (.tos // null),
    fwmark: (if .fwmark and .fwmask then "\(.fwmark)/\(.fwmask)" else .fwmark // null end),
    iif: (.iif // null),
    oif: (.oif // null),
    l3mdev: has("l3mdev"),
    uids: span(null; .uid_start; .uid_end),
    protocol: (.ipproto // null | if . then ltrimstr("ipproto-") else . end),
    sports: span(.sport; .sport_start; .sport_end),
    dports: span(.dport; .dport_start; .dport_end),
    tunnel: (.tun_id // null),
    realms: (if .flow_to then (if .flow_from then "\(.flow_from)/" else "" end) + .flow_to else null end),
    suppressPrefix: (.suppress_prefixlen // null),
    suppressGroup: (.suppress_ifgroup // null),
    goto: (.goto // null),
    action: (if has("nop") then "nop" else .action // null | route_action end),
    table: (if has("l3mdev") then null else table_or_null end) };

# Selectors that are not known here would be lost, and the rule match more than it did.
def unknown_selectors: keys - ["priority", "not", "src", "srclen", "dst", "dstlen", "tos", "fwmark", "fwmask", "iif", "iif_detached", "oif",
  "oif_detached", "l3mdev", "uid_start", "uid_end", "ipproto", "sport", "sport_start", "sport_end", "dport", "dport_start", "dport_end", "tun_id",
  "flow_from", "flow_to", "suppress_prefixlen", "suppress_ifgroup", "goto", "unresolved", "nop", "action", "table", "protocol"];

# Local, main and default are always there.
def own_rule: (.priority == 0 and table_or_null == "local") or .priority == 32766 or .priority == 32767;

# The name that a saved interface has today among $now (`ip -json -details link`): names of hardware can change with
# the kernel, permanent MACs do not. Of several with one MAC (Azure's accelerated ones) it is the one that no other has below it.
# The saved name where it is not found.
def name_now($model; $now):
  . as $name
  | first(
      (first($model.links[] | select(.name == $name and .kind == "physical")) as $link
        | [$now[] | select(physical and permanent_mac == $link.permanentMac)]
        | sort_by(.master != null, .ifname != $name)[] | .ifname),
      $name);

# Is the leased address put on the link before networkd starts? Only cards are there by then.
def placed($now): .permanentMac as $mac | .dhcp4 != null and .kind == "physical" and any($now[]; physical and permanent_mac == $mac);

def resolv($word): [split("\n")[] | split("\t") | join(" ") | split(" ") | map(select(. != "")) | select(.[0] == $word) | .[1:]];

def once: reduce .[] as $item ([]; if index([$item]) then . else . + [$item] end);

# The interfaces that packets to an address may leave by: those of the most specific routes that hold it.
def ways_to($address; $routes):
  [$routes[] | select(.type == "unicast" and .from == null and (.destination | holds($address)))]
  | (map(.destination | prefix_length) | max) as $longest
  | [.[] | select((.destination | prefix_length) == $longest) | .hops[].dev];

# Name servers that can be reached come first; a resolver on the old machine itself is gone with it. Where none is left, others
# that the machine knew of help out. One that only left interfaces led to comes last.
def name_servers($routes; $names):
  def servers: [resolv("nameserver")[] | .[0] | select(. != null) | select(split("%")[0] as $address | any("127.0.0.0/8", "::1"; holds($address)) | not)] | once;
  def reached: split("%") as [$address, $zone] | (if $zone then [$zone] else ways_to($address; $routes) end) | length == 0 or any(.[]; IN($names[]));
  (.["resolv.conf"] // "" | servers) as $servers
  | [$servers[] | select(reached)] as $near
  | { near: (if $near == [] then [.["other-resolvers"] // "" | servers[] | select(reached)] else $near end),
      far: [$servers[] | select(reached | not)] };

def kind_in_words($cards): if physical and wireless($cards) then "Wi-Fi" elif filled_by_daemon then "dummy, filled by a daemon" else kind end;

def interfaces_left($cards): # links → sentences
  map({ ifname, kind: kind_in_words($cards), addresses: [.addr_info[] | select(.scope != "link") | "\(.local)/\(.prefixlen)"] })
  | (.[] | select(.addresses != []) | "interface \(.ifname) (\(.kind)): \(.addresses | join(" "))"),
    ([.[] | select(.addresses == [])] | group_by(.kind)[] | "interface\(if length > 1 then "s" else "" end) \(map(.ifname) | join(" ")) (\(.[0].kind))");

def routes_left: # routes without a way → sentences
  group_by([.hops[].dev])[]
  | ([.[0].hops[].dev | select(. != null)] | unique | join(" ")) as $devs
  | if length > 3 then "\(length) routes\(if $devs == "" then "" else " dev \($devs)" end)"
    else .[] | "route \(.destination)\(if .from then " from \(.from)" else "" end)\(if .tos then " tos \(.tos)" else "" end)\(if $devs == "" then "" else " dev \($devs)" end)" end;

def daemon_routes_left: # { protocol, count }… → sentences
  [.[] | select(.count > 0)] | group_by(.protocol)[] | (map(.count) | add) as $count | "\($count) route\(if $count == 1 then "" else "s" end) of \(.[0].protocol)";

def network:
  cards as $cards
  | leases as $leases
  | (.teams // []) as $teams
  | .vlans as $vlans
  | [.links[]? | select(.ifname != null and .addr_info != null)] as $all
  | [$all[] | select(on_hardware($all; $cards))] as $on_hardware
  # An accelerated virtual function (Azure) belongs to the kernel, which ties it to the interface with the same MAC.
  | [$on_hardware[] | select(.master as $master | (physical and any($on_hardware[]; .ifname == $master and physical)) | not)] as $kept
  | ($kept | map(.ifname)) as $names
  | ([.routes4[]? | route("inet")] + [.routes6[]? | route("inet6")]) as $all_routes
  | [$all_routes[] | select(kept_route($all))] as $routes
  | [$routes[] | select((from_ra or of_daemon) | not)] as $wanted
  # Of several hops those stay that lead somewhere.
  | [$wanted[] | select(cannot_be_said | not)
      | if .hops == [] then . else .hops |= [.[] | select(.dev | IN($names[]))] | select(.hops != []) end] as $kept_routes
  | (reduce $kept_routes[] as $route ({}; .[$route | [.family, .table, .destination, .from, .metric] | tojson] = true)) as $known
  | [(.rules4[]? | { family: "inet", rule: . }), (.rules6[]? | { family: "inet6", rule: . }) | select(.rule | own_rule | not)] as $rules
  | any($kept[]; kind == "vrf") as $vrf
  | def can_be_said: .rule | unknown_selectors == [] and (if has("l3mdev") then $vrf else table_or_null | is_unknown_name | not end);
    name_servers($all_routes; $names) as $servers
  | [$kept[] | link($leases; $teams; $cards; $vlans)
      # The machine below (a VM's veth, a switch port) has names too.
      | if .parent != null and (.parent | IN($names[]) | not) then .parent = null else . end
      | if .master != null and (.master | IN($names[]) | not) then .master = null else . end
      | .name as $name
      | .ra = (any(.addresses[]; .family == "inet6" and .dynamic) or any($routes[]; from_ra and any(.hops[]; .dev == $name)))] as $links
  # A bridge that minds VLANs needs those of each port; without them nothing gets through.
  | [$links[] | select(.kind == "bridge" and .settings.vlan_filtering == 1) | .name as $name
      | select(any($links[]; (.name == $name or .master == $name) and .vlans == null)) | .name] as $unknown_vlans
  | { sharedMacs: ([$all[] | select(physical) | permanent_mac] | group_by(.) | map(select(length > 1) | .[0])),
      links: [$links[] | if .name | IN($unknown_vlans[]) then .settings.vlan_filtering = 0 else . end],
      routes: $kept_routes,
      rules: [$rules[] | select(can_be_said) | .family as $family | .rule | rule($family)],
      dns: ($servers.near + $servers.far),
      dnsReached: ($servers.near != []),
      search: ([.["resolv.conf"] // "" | (resolv("search") + resolv("domain"))[] | .[]] | once),
      daemonRoutes: (any($routes[]; of_daemon) or (.["daemon-routes"] // "") != ""),
      left: ([[$all[] | select(.ifname | IN($names[]) | not) | select(IN($on_hardware[]) | not)] | interfaces_left($cards)]
        + [$all[] | select(kind == "team" and on_hardware($all; $cards)) | "team \(.ifname): it becomes a bond (\(team_settings(runner($teams)).mode))"]
        + [$unknown_vlans[] | "VLAN filtering of \(.) (its ports' VLANs are not known): it lets every VLAN through"]
        + [[$wanted[] | select([.family, .table, .destination, .from, .metric] | tojson | in($known) | not)] | routes_left]
        + [[($routes[] | select(of_daemon) | { protocol, count: 1 }), (.["daemon-routes"] // "" | lines | split(" ") | { protocol: ({ protocol: .[0] } | protocol), count: (.[1] | tonumber) })] | daemon_routes_left]
        + [$rules[] | select(can_be_said | not) | .rule | "rule \(.priority)\(if .table then " to table \(.table)" else "" end) (\(unknown_selectors | if . == [] then "it needs a VRF, or a table whose number is not known" else join(" ") + " cannot be restored" end))"]
        + [$servers.far[] | "name server \(.) (reached through \(ways_to(.; $all_routes) | unique | join(" "))\(if $servers.near == [] then "; no other one is known" else "" end))"]) };

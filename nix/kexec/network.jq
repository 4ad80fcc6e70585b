# Saved network state (JSON of `ip`, text of resolv.conf and of dhcp4) → what the installer should bring up again:
#
#   { links: [{ name, kind, permanentMac, mac, mtu, up, master, parent, settings, addresses: [...], dhcp4: { address, clientId } or null, ra }],
#     routes: [...], rules: [...], dns: [...], search: [...], left: [sentence…] }
#
# kind is physical, bond, vlan, bridge or dummy. Everything else that the saved files hold is left behind, and said.

def physical: (.linkinfo.info_kind // null) == null and .link_type == "ether";

# A bond gives all its members one MAC; the interface is found again by the one it was made with.
def permanent_mac: .permaddr // .linkinfo.info_slave_data.perm_hwaddr // .address;

# Bridges of container engines, VPN tunnels and the like have no physical interface below them. Without the programs
# that made them they mean nothing in the installer.
def on_hardware($all):
  . as $link
  | if physical then true
    elif .linkinfo.info_kind == "dummy" then (.addr_info | length) > 0
    elif .linkinfo.info_kind == "vlan" then
      any($all[]; .ifname == $link.link and on_hardware($all))
    elif .linkinfo.info_kind == "bond" or .linkinfo.info_kind == "bridge" then
      any($all[]; .master == $link.ifname and on_hardware($all))
    else false
    end;

# Link-local and temporary addresses make themselves anew.
def kept_address: (.family == "inet" or .scope != "link") and (.temporary | not) and (.tentative != true or .dadfailed != true);

def address:
  { family,
    local,
    peer: (.address // null),
    prefix: .prefixlen,
    scope,
    broadcast: (.broadcast // null),
    dynamic: (.dynamic // false),
    noprefixroute: (.noprefixroute // false) };

# The text of dhcp4 (save.sh): what DHCP clients know and addresses do not show. "-" stands for unknown.
def leases($dhcp4):
  def known: if . == "-" then null else . end;
  [$dhcp4 | split("\n")[] | split(" ") | select(length == 3) | { dev: .[0], address: (.[1] | known), clientId: (.[2] | known) }];

# The IPv4 address that a DHCP server leased to the link. A client that sets no lifetime (busybox's) leaves one that
# looks static: it is the link's first, then.
def lease($leases):
  .ifname as $name
  | [.addr_info[] | select(.family == "inet" and .scope == "global")] as $addresses
  | ([$leases[] | select(.dev == $name)] | first) as $lease
  | first(($addresses[] | select(.local == $lease.address)), ($addresses[] | select(.dynamic)), (select($lease) | $addresses[0]), null)
  | if . then { address: .local, clientId: $lease.clientId } else null end;

def link($leases):
  { name: .ifname,
    kind: (.linkinfo.info_kind // "physical"),
    permanentMac: permanent_mac,
    mac: .address,
    mtu,
    up: (.flags | index("UP") != null),
    master: (.master // null),
    parent: (.link // null),
    settings: (.linkinfo.info_data // {}),
    addresses: [.addr_info[] | select(kept_address) | address],
    dhcp4: lease($leases) };

# The kernel makes its own routes with the addresses.
def kept_route: .protocol != "kernel" and .table != "local" and .type != "local" and .type != "broadcast" and .type != "anycast" and .type != "multicast";

# Router advertisements bring theirs again.
def from_ra: .family == "inet6" and .protocol == "ra";

def hop: { gateway: (.gateway // .via.host // null), dev: (.dev // null), weight: (.weight // 1), onlink: ((.flags // []) | index("onlink") != null) };

def route($family):
  { family: $family,
    type: (.type // "unicast"),
    destination: .dst,
    table: (.table // "main"),
    protocol: (.protocol // "boot"),
    scope: (.scope // null),
    metric: (.metric // null),
    source: (.prefsrc // null),
    mtu: ([.metrics[]? | .mtu? // empty] | first // null),
    hops: (if .type != null and .type != "unicast" then []
           elif .nexthops then [.nexthops[] | hop]
           else [hop] end) };

def rule($family):
  { family: $family,
    priority,
    from: (if .src == "all" then null else .src + (if .srclen then "/\(.srclen)" else "" end) end),
    to: (if .dst == null or .dst == "all" then null else .dst + (if .dstlen then "/\(.dstlen)" else "" end) end),
    fwmark: (.fwmark // null),
    fwmask: (.fwmask // null),
    iif: (.iif // null),
    oif: (.oif // null),
    not: (has("not")),
    action: (.action // null),
    table: (.table // null) };

# The name that a saved interface has today among $now (`ip -json -details link`): names of hardware can change with
# the kernel, permanent MACs do not. The saved name where it is not found.
def name_now($model; $now):
  . as $name
  | first(
      (first($model.links[] | select(.name == $name and .kind == "physical")) as $link
        | $now[] | select(physical and permanent_mac == $link.permanentMac) | .ifname),
      $name);

# Is the leased address put on the link before networkd starts? Only cards are there by then.
def placed($now): .permanentMac as $mac | .dhcp4 != null and .kind == "physical" and any($now[]; physical and permanent_mac == $mac);

# Local, main and default are always there.
def kept_rule: (.priority == 0 and .table == "local") or .priority == 32766 or .priority == 32767 | not;

def resolv($word): [split("\n")[] | gsub("\t"; " ") | split(" ") | map(select(. != "")) | select(.[0] == $word) | .[1:]];

# Input: the five saved files, as [links, routes4, routes6, rules4, rules6].
def network($resolv; $dhcp4):
  . as [$links, $routes4, $routes6, $rules4, $rules6]
  | [$links[] | select(.ifname != null and .ifname != "lo" and (.addr_info != null))] as $all
  | [$all[] | select(on_hardware($all))] as $kept
  # An accelerated virtual function (Azure) belongs to the kernel, which ties it to the interface with the same MAC.
  | [$kept[] | . as $link | select((.master != null and physical and any($kept[]; .ifname == $link.master and physical)) | not)] as $kept
  | ($kept | map(.ifname)) as $names
  | ([$routes4[] | select(kept_route) | route("inet")] + [$routes6[] | select(kept_route) | route("inet6")]) as $routes
  | leases($dhcp4) as $leases
  | { links: [$kept[] | link($leases)
        # The machine below (a VM's veth, a switch port) has names too.
        | if .parent != null and (.parent | IN($names[]) | not) then .parent = null else . end
        | if .master != null and (.master | IN($names[]) | not) then .master = null else . end
        | .name as $name
        | .ra = (any(.addresses[]; .family == "inet6" and .dynamic) or any($routes[]; from_ra and any(.hops[]; .dev == $name)))],
      routes: [$routes[] | select((from_ra | not) and all(.hops[]; .dev | IN($names[])))],
      rules: [($rules4[] | select(kept_rule) | rule("inet")), ($rules6[] | select(kept_rule) | rule("inet6"))],
      dns: [$resolv | resolv("nameserver")[] | .[0]
        # A resolver on the old machine itself is gone with it.
        | select(. != null and (startswith("127.") or . == "::1" | not))],
      search: [$resolv | (resolv("search") + resolv("domain"))[] | .[]] | unique,
      left: ([$all[] | select(on_hardware($all) | not) | "interface \(.ifname) (\(.linkinfo.info_kind // .link_type))"]
        + [$routes[] | select(any(.hops[]; .dev | IN($names[]) | not)) | "route \(.destination) dev \([.hops[].dev] | join(" "))"]) };

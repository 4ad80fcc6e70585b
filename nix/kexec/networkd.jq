# Network model → files for systemd-networkd: their lines, each after its file's name and a blank.
#
# What the old system had is configured as it was, whoever configured it then: the machine must answer at the address
# it had. Where that came by DHCP, a client asks for the same one; where a router advertised it, advertisements are
# listened to again.
include "network";

# [[section, [[key, value]…]]…] → text; settings without a value are left out, and so are sections without settings.
def ini: map(
    .[0] as $section
    | [.[1][] | select(.[1] != null) | "\(.[0])=\(.[1])"]
    | select(length > 0)
    | "[\($section)]\n" + join("\n") + "\n")
  | join("\n");

def yes: if . then "yes" else null end;
def centiseconds: if . == null then null else "\(. * 10)ms" end;
def milliseconds: if . == null or . == 0 then null else "\(.)ms" end;
def destination: if .destination != "default" then .destination elif .family == "inet6" then "::/0" else "0.0.0.0/0" end;

def address_section:
  ["Address",
   # With Peer=, which has the prefix, Address= takes none.
   [["Address", (if .peer then .local else "\(.local)/\(.prefix)" end)],
    ["Peer", (if .peer then "\(.peer)/\(.prefix)" else null end)],
    # networkd makes one up where none is given; what `ip` was told without one has none.
    ["Broadcast", (if .family != "inet" or .prefix >= 31 then null elif .peer == null then .broadcast // "no" else .broadcast end)],
    # IPv6 knows no scope but the one that the address itself says.
    ["Scope", (if .family == "inet" and .scope != "global" then .scope else null end)],
    ["AddPrefixRoute", (if .noprefixroute then "no" else null end)],
    ["RouteMetric", .metric],
    ["PreferredLifetime", (if .deprecated then 0 else null end)],
    # This machine had it a moment ago; looking for others that have it only costs time.
    ["DuplicateAddressDetection", (if .family == "inet6" then "none" else null end)]]];

def route_section($model; $now; $placed):
  ["Route",
   [["Type", (if .type == "unicast" then null else .type end)],
    ["Destination", destination],
    ["Source", .from],
    ["Table", (if .table == "main" then null else .table end)],
    ["Metric", .metric],
    ["PreferredSource", .source],
    ["IPv6Preference", .preference],
    ["MTUBytes", .mtu],
    ["TCPAdvertisedMaximumSegmentSize", .advmss],
    ["InitialCongestionWindow", .initcwnd],
    ["InitialAdvertisedReceiveWindow", .initrwnd],
    ["Scope", (if .family == "inet" and .type == "unicast" and (.scope == "link" or .scope == "host") then .scope else null end)]]
   + if (.hops | length) <= 1 then
       [["Gateway", .hops[0].gateway], ["GatewayOnLink",
          # networkd would make it yes by itself where it sees no static address.
          (if .hops[0].onlink then "yes" elif $placed and .hops[0].gateway then "no" else null end)]]
     else
       # The address that stands for none: the hop is the link itself.
       .family as $family
       | [.hops[] | ["MultiPathRoute", "\(.gateway // if $family == "inet6" then "::" else "0.0.0.0" end)@\(.dev | name_now($model; $now)) \(.weight)"]]
     end];

def netdev($model):
  .name as $name | .parent as $parent | .mac as $mac
  | [["NetDev",
      [["Name", .name],
       ["Kind", .kind],
       # A VLAN has its parent's MAC unless it was given one.
       # The MTU stands with the link: a bridge that is made with one forgets it as soon as it gets a port.
       ["MACAddress", (if (.kind | IN("ipvlan", "vrf")) or .kind == "vlan" and any($model.links[]; .name == $parent and .mac == $mac) then null else .mac end)]]]]
  + if .kind == "vlan" then
      [["VLAN",
        [["Id", .settings.id],
         ["Protocol", (if .settings.protocol == "802.1ad" then "802.1ad" else null end)]]]]
    elif .kind == "bond" then
      [["Bond",
        [["Mode", .settings.mode],
         ["MIIMonitorSec", (.settings.miimon | milliseconds)],
         ["UpDelaySec", (.settings.updelay | milliseconds)],
         ["DownDelaySec", (.settings.downdelay | milliseconds)],
         ["LACPTransmitRate", .settings.ad_lacp_rate],
         ["TransmitHashPolicy", (if .settings.mode == "802.3ad" or .settings.mode == "balance-xor" or .settings.mode == "balance-tlb"
           then .settings.xmit_hash_policy else null end)],
         ["AdSelect", .settings.ad_select],
         ["MinLinks", (if .settings.mode == "802.3ad" then .settings.min_links else null end)],
         ["ARPIntervalSec", (.settings.arp_interval | milliseconds)],
         ["ARPIPTargets", (if .settings.arp_interval > 0 then .settings.arp_ip_target // [] | map(select(. != null)) | join(" ") else null end)]]]]
    elif .kind == "bridge" then
      [["Bridge",
        [["STP", (if .settings.stp_state == 1 then "yes" else "no" end)],
         # The kernel minds these times only where the protocol runs, and takes a wide range only where it does not.
         ["ForwardDelaySec", (.settings.forward_delay | centiseconds)],
         ["HelloTimeSec", (.settings.hello_time | centiseconds)],
         ["MaxAgeSec", (.settings.max_age | centiseconds)],
         ["Priority", (if .settings.priority == 32768 then null else .settings.priority end)],
         ["VLANFiltering", (.settings.vlan_filtering == 1 | yes)],
         # Each port has its VLANs by itself.
         ["DefaultPVID", (if .settings.vlan_filtering == 1 then "none" else null end)]]]]
    elif .kind == "macvlan" then [["MACVLAN", [["Mode", .settings.mode]]]]
    elif .kind == "ipvlan" then
      [["IPVLAN",
        [["Mode", (.settings.mode // "l2" | ascii_upcase)],
         ["Flags", (.settings as $settings | first(("private", "vepa") | select(. as $flag | $settings | has($flag))) // null)]]]]
    elif .kind == "vrf" then [["VRF", [["Table", .settings.table]]]]
    else [] end;

# The VLANs of a bridge that minds them, or of its port.
def vlan_section($bridge):
  select($bridge != null and $bridge.settings.vlan_filtering == 1)
  | def span: "\(.vlan)\(if .vlanEnd then "-\(.vlanEnd)" else "" end)";
    def marked($flag): (.flags // []) | index($flag) != null;
    ["BridgeVLAN",
      [(.vlans[] | ["VLAN", span], (select(marked("Egress Untagged")) | ["EgressUntagged", span]), (select(marked("PVID")) | ["PVID", .vlan]))]];

# Cards with one MAC (Azure's accelerated ones) are told apart by their driver, or else by the name that they had.
def match($model):
  if .kind != "physical" then [["Name", .name]]
  else .permanentMac as $mac
    | [["PermanentMACAddress", $mac]]
      + if $model.sharedMacs | index($mac) | not then []
        elif .driver then [["Driver", .driver]]
        else [["Name", .name]]
        end
  end;

# A client identifier as networkd can send it: of its own making (ff, IAID, DUID: RFC 4361) by its parts; any other, and
# what most clients send, is the MAC.
def client_identifier:
  def number: ascii_downcase | explode | reduce .[] as $digit (0; . * 16 + ($digit | if . >= 97 then . - 87 else . - 48 end));
  { "0001": "link-layer-time", "0002": "vendor", "0003": "link-layer", "0004": "uuid" }[.[10:14] // ""] as $type
  | if $type != null and test("^ff[0-9a-f]+$") then
      [["ClientIdentifier", "duid"],
       ["IAID", (.[2:10] | number)],
       ["DUIDType", $type],
       ["DUIDRawData", (.[14:] | [scan("..")] | join(":"))]]
    else [["ClientIdentifier", "mac"]]
    end;

# Where a route stands: with the link of its first hop.
def first_dev: .hops[0].dev;

def network_file($model; $now; $with_dns):
  . as $link
  | placed($now) as $placed
  | ($link.master | if . == null then null else . as $master | first($model.links[] | select(.name == $master)) end) as $master
  # A member of a VRF has its addresses itself.
  | ($master != null and $master.kind != "vrf") as $port
  | [["Match",
      match($model)],
     ["Link",
      [["MTUBytes", .mtu],
       # A bond gives its members its own.
       ["MACAddress", (if .kind == "physical" and .mac != .permanentMac and ($master | .kind) != "bond" then .mac else null end)],
       ["RequiredForOnline", (if .up and (.addresses | length) > 0 then null else "no" end)],
       ["ActivationPolicy", (if .up then null else "manual" end)]]],
     ["Network",
      [["Bond", ($master | if .kind == "bond" then .name else null end)],
       ["PrimarySlave", ($master | .kind == "bond" and .settings.primary == $link.name | yes)],
       ["Bridge", ($master | if .kind == "bridge" then .name else null end)],
       ["VRF", ($master | if .kind == "vrf" then .name else null end)]]
      + [$model.links[] | select(.parent == $link.name) | [({ vlan: "VLAN", macvlan: "MACVLAN", ipvlan: "IPVLAN" }[.kind] // empty), .name]]
      + [["DHCP", (if .dhcp4 then "ipv4" else null end)],
         # The address stays when no server answers, or one that gives another; and networkd before 255, which has no
         # RequestAddress=, asks for an address that it finds.
         ["KeepConfiguration", (if .dhcp4 then "dhcp" else null end)],
         ["LinkLocalAddressing", (if $port then "no" else null end)],
         ["IPv6AcceptRA", (if .ra then "yes" else "no" end)],
         # What the installer's own networks have: a name on the local link, and the switch's port.
         ["MulticastDNS", (if $port then null else "yes" end)],
         ["LLDP", (.kind == "physical" | yes)],
         ["EmitLLDP", (if .kind == "physical" then "nearest-bridge" else null end)]]
      # A bridge or bond has carrier only when its members have it; what was configured on it does not wait.
      + (if .kind == "physical" then [] else [["ConfigureWithoutCarrier", "yes"]] end)
      + (if $with_dns then [$model.dns[] | ["DNS", .]] + [["Domains", (if $model.search == [] then null else $model.search | join(" ") end)]] else [] end)],
     (if .dhcp4 then
        ["DHCPv4",
         [["RequestAddress", .dhcp4.address]]
         + (.dhcp4.clientId | client_identifier)
         + [["UseDNS", (if $model.dnsReached then "no" else null end)],
            ["UseRoutes", "no"], ["UseGateway", "no"], ["UseMTU", "no"], ["UseHostname", "no"], ["SendRelease", "no"]]]
      else empty end),
     (if .ra then ["IPv6AcceptRA", [["UseAutonomousPrefix", "no"], ["DHCPv6Client", "no"]]] else empty end),
     vlan_section(if .kind == "bridge" then . else $master | select(.kind == "bridge") end),
     (.addresses[] | select(($placed and .local == $link.dhcp4.address) | not) | address_section),
     ($model.routes[] | select(first_dev == $link.name) | route_section($model; $now; $placed))]
  | ini;

def files($model; $now):
  # Name servers are asked over the interface with the default route, where there is one.
  (first(
      ([$model.routes[] | select(.destination == "default" and .table == "main" and first_dev != null)] | sort_by(.metric // 0)[] | first_dev),
      ($model.links[] | select(.kind != "loopback" and (.addresses | length) > 0) | .name)) // null) as $dns_link
  | [ ($model.links[] | select(.kind | IN("physical", "loopback") | not) | { key: "10-kexec-\(.name).netdev", value: (netdev($model) | ini) }),
      ($model.links[] | select(.kind != "loopback") | { key: "10-kexec-\(.name).network", value: network_file($model; $now; .name == $dns_link) }),
      # What else has the MAC of a card belongs to the kernel.
      ($model.sharedMacs[] | { key: "11-kexec-\(split(":") | join("")).network", value: ([["Match", [["PermanentMACAddress", .]]], ["Link", [["Unmanaged", "yes"]]]] | ini) }),
      # What belongs to no interface stands with the one that is always there.
      ( [($model.links[] | select(.kind == "loopback") | .addresses[] | address_section),
         ($model.routes[] | select(first_dev == null or first_dev == "lo") | route_section($model; $now; false))]
        | select(length > 0)
        | { key: "10-kexec-lo.network", value: ([["Match", [["Name", "lo"]]], ["Network", [["KeepConfiguration", "static"]]]] + . | ini) }) ]
  | .[];

. as $model | files($model; $now) | .key as $file | .value | rtrimstr("\n") | split("\n")[] | "\($file) \(.)"

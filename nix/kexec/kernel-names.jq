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

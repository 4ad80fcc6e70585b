# Saved network state (as network.jq reads it), and the address $login by which the caller is logged in (or "") -> what the
# installer will be without, a line each: `left SENTENCE`, and `lost SENTENCE` where the machine could not be reached any more.
include "network";

def link_in_words($name; $cards): first(.links[] | select(.ifname == $name)) | "\(.ifname) (\(kind_in_words($cards)))";

# A default route of the family that somebody uses: the main table's best, or those of other tables where it has none.
def best_defaults($family):
  [$family.routes[]? | route($family.name) | select(.destination == "default" and .type == "unicast")]
  | [.[] | select(.table == "main")] as $main
  | if $main != [] then [$main | min_by(.metric // 0)] else . end;

# Is there a way to the gateway of the hop by the addresses and routes that come back?
def gateway_is_near($model):
  . as $hop
  | .gateway == null or .onlink
    or (.gateway as $gateway
      | ("fe80::/10" | holds($gateway))
        or any($model.links[] | select(.name == $hop.dev) | .addresses[] | select(.noprefixroute | not); "\(.peer // .local)/\(.prefix)" | holds($gateway))
        or any($model.routes[] | select(.destination != "default"); any(.hops[]; .dev == $hop.dev and .gateway == null) and (.destination | holds($gateway))));

def lost_defaults($model; $cards):
  . as $saved
  | ({ name: "inet", words: "IPv4", routes: .routes4 }, { name: "inet6", words: "IPv6", routes: .routes6 }) as $family
  | best_defaults($family)
  | select(. != [])
  | [.[].hops[]] as $hops
  | [$hops[] | select(.dev | IN($model.links[].name))] as $kept
  | if $kept == [] then "the \($family.words) default route goes over \([$hops[].dev] | unique | map(. as $dev | $saved | link_in_words($dev; $cards)) | join(" and ")), which the installer cannot bring up"
    elif any($kept[]; gateway_is_near($model)) then empty
    else "the gateway \($kept[0].gateway) of the \($family.words) default route on \($kept[0].dev) is out of reach of what the installer can bring up"
    end;

def lost_login($model; $cards; $login):
  ($login | ltrimstr("::ffff:") | split("%")) as [$address, $zone]
  | select($address != null)
  | "you are logged in through \($address)" as $you
  | (if $zone then $zone else first(.links[] | select(any(.addr_info[]?; .local == $address)) | .ifname) // null end) as $name
  # An address of a whole prefix that is local (AnyIP) is on no interface.
  | select($name != null)
  | (first($model.links[] | select(.name == $name)) // null) as $link
  | if $link == null then "\($you) on \(link_in_words($name; $cards)), which the installer cannot bring up"
    elif any("127.0.0.0/8", "::1"; holds($address)) then "\($you), the end of a tunnel or of a proxy, and the program that makes it does not come along"
    elif "fe80::/10" | holds($address) then empty
    elif any($link.addresses[]; .local == $address) | not then "\($you) on \($name), a temporary address, which the installer will not have"
    elif ($link.kind | IN("loopback", "dummy")) and $model.daemonRoutes then
      "\($you) on \($name), which is reached because a routing daemon announces it, and the daemon does not come along"
    else empty
    end;

. as $saved
| cards as $cards
| network as $model
| ($model.left[] | "left \(.)"),
  (if (.links // []) == [] then "lost the network of this machine could not be read"
   else (lost_login($model; $cards; $login), lost_defaults($model; $cards)) | "lost \(.)" end)

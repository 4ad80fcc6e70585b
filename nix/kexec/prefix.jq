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

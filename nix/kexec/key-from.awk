# Whether from="..." of authorized_keys(5) lets an address in, as OpenSSH's match_host_and_ip() does. Used by authorized-keys.awk.

# CIDR blocks and patterns, ! in front forbids. The installer's sshd looks no names up, so an entry
# that is a name fits nothing. Where the address is not known: whether there is one that fits.
function from_allows(list,   i, entries, entry, negative, allowed, fits) {
  allowed = 0
  entries = split(list, entry_of, ",")
  for (i = 1; i <= entries; i++) {
    entry = entry_of[i]
    negative = sub(/^!/, "", entry)
    if (entry == "") return 0
    fits = fits_block(entry)
    if (fits == "bad") return 0
    if (fits == "other") fits = fits_pattern(tolower(entry))
    if (!fits) continue
    if (!negative) allowed = 1
    else if (address) return 0
  }
  return allowed
}

# match_pattern(): * and ? as in shells.
function fits_pattern(entry) {
  if (entry ~ /[^0-9a-f.:%*?]/) return 0
  if (!address) return 1
  gsub(/\./, "[.]", entry)
  gsub(/\*/, ".*", entry)
  gsub(/\?/, ".", entry)
  return address ~ ("^" entry "$")
}

# addr_match_list(): "bad" for bits beyond the mask, with which sshd gives the whole list up; "other" for no block.
function fits_block(entry,   bits, mask) {
  mask = index(entry, "/")
  bits = address_bits(mask ? substr(entry, 1, mask - 1) : entry)
  if (bits == "") return "other"
  if (mask && (entry = substr(entry, mask + 1)) !~ /^[0-9]+$/) return "other"
  if (mask && entry + 0 > 128) return "other"
  mask = mask ? entry + 0 : length(bits)
  if (mask > length(bits) || substr(bits, mask + 1) ~ /1/) return "bad"
  if (!address) return 1
  entry = address_bits(address)
  return length(entry) == length(bits) && substr(entry, 1, mask) == substr(bits, 1, mask)
}

# 32 or 128 signs, 0 or 1; nothing where the text is no address.
function address_bits(text,   i, parts, part_of, bits, v4, halves, half_of, missing) {
  if (text ~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/) {
    split(text, part_of, ".")
    for (i = 1; i <= 4; i++) {
      if (part_of[i] + 0 > 255 || length(part_of[i]) > 3) return ""
      bits = bits binary(part_of[i] + 0, 8)
    }
    return bits
  }
  sub(/%.*/, "", text)
  if (text !~ /^[0-9A-Fa-f:.]+$/ || text !~ /:.*:/) return ""
  if (match(text, /[0-9.]+$/) && substr(text, RSTART) ~ /\./) {
    if ((v4 = address_bits(substr(text, RSTART))) == "") return ""
    text = substr(text, 1, RSTART - 1) "0:0"
  }
  halves = split(text, half_of, "::")
  if (halves > 2 || (text ~ /^:/ && text !~ /^::/) || (text ~ /:$/ && text !~ /::$/)) return ""
  missing = 8 - split(half_of[1], part_of, ":") - split(half_of[2], part_of, ":")
  if (text ~ /::/ ? missing < 1 : missing != 0) return ""
  if (text ~ /::/) {
    text = half_of[1]
    for (; missing > 0; missing--) text = text (text == "" ? "0" : ":0")
    if (half_of[2] != "") text = text ":" half_of[2]
  }
  parts = split(text, part_of, ":")
  for (i = 1; i <= parts; i++) {
    if (part_of[i] !~ /^[0-9A-Fa-f][0-9A-Fa-f]?[0-9A-Fa-f]?[0-9A-Fa-f]?$/) return ""
    bits = bits binary(hexadecimal(part_of[i]), 16)
  }
  return v4 ? substr(bits, 1, 96) v4 : bits
}

function binary(number, digits,   text) {
  for (; digits > 0; digits--) { text = number % 2 text; number = int(number / 2) }
  return text
}

function hexadecimal(text,   i, number) {
  for (i = 1; i <= length(text); i++) number = number * 16 + index("0123456789abcdef", tolower(substr(text, i, 1))) - 1
  return number
}

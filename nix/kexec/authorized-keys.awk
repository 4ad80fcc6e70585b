# Judges lines of authorized_keys files as sshd(8) reads them, and joins those of several users into one file for root.
#
# usage: awk -v now=YYYYMMDDhhmmss -v address=ADDRESS -f key-blob.awk -f key-options.awk -f key-from.awk -f authorized-keys.awk \
#          user=NAME FILE... user=NAME FILE...
#
# `now` (UTC) is when a key must still hold; `address` is where the caller comes from, empty where that is not known.
# The users come in order: where two of them have one key, and neither's line allows more, the first one's holds.
# Prints a line each, with tabs between: verdict, reason, FILE:LINE, the line.
#   login   lets root in, to a shell (reason: nothing, or "no terminal")
#   kept    is a key, but no way in, for this reason
#   left    is none that sshd would take, for this reason
# A line is not printed at all when an earlier one with the same key allows at least as much.

{ sub(/\r$/, ""); sub(/^[ \t]+/, "") }
/^(#|$)/ { next }
{
  count++
  line[count] = $0
  user_of[count] = user
  place[count] = FILENAME ":" FNR
  if (!(user in rank)) rank[user] = ++users
  judge_line(count, $0)
}

END {
  order_users()
  for (position = 1; position <= count; position++) {
    n = slot[position]
    if (verdict[n] != "left" && is_covered(position)) continue
    if (verdict[n] == "login" && (shadow = shadow_of(position)))
      keep(n, "sshd goes by the same key in " place[shadow] ", and stops there")
    printf "%s\t%s\t%s\t%s\n", verdict[n], reason[n], place[n], line[n]
  }
}

# One line alone: key, options, and whether they let its holder in.
function judge_line(n, text,   rest) {
  option_text = ""
  if (!read_key(text)) {
    fault = key_fault
    if (!(rest = after_options(text))) return leave(n, fault ? fault : "no key")
    option_text = text
    if (!read_key(rest)) return leave(n, key_fault ? key_fault : (fault ? fault : "no key"))
  }
  option_fault = parse_options(n, option_text)
  blob[n] = (option[n, "cert-authority"] ? "authority " : "") key_blob
  # Lines that do not fit are passed over by sshd, as if they were not there.
  passed_over[n] = 1
  if (option_fault) return keep(n, "sshd does not take its options: " option_fault)
  if (has(n, "expiry-time") && option[n, "expiry-time"] < now) return keep(n, "expired, or about to")
  if (has(n, "from") && !from_allows(option[n, "from"]))
    return keep(n, address ? "only for logins from elsewhere (from=), not from " address : "no address fits its from=")
  if (!option[n, "cert-authority"] && has(n, "principals")) return keep(n, "principals= is for certificates")
  if (option[n, "cert-authority"] && user_of[n] != "root" && !has(n, "principals"))
    return keep(n, "lets in certificates for " user_of[n] ", and the installer has only root")
  passed_over[n] = 0
  if (has(n, "command")) return keep(n, "may only run a command")
  verdict[n] = "login"
  if (option[n, "no-pty"]) reason[n] = "no terminal"
}

function first_word(text) { return match(text, /[ \t]/) ? substr(text, 1, RSTART - 1) : text }

function keep(n, why) { verdict[n] = "kept"; reason[n] = why }
function leave(n, why) { verdict[n] = "left"; reason[n] = why }
function has(n, name) { return (n, name) in option }

# Whether line a, standing first, leaves nothing to line b: whenever b fits, a does, and what b allows, a does.
function covers(a, b,   i) {
  if (!fits_whenever(a, b)) return 0
  for (i = 1; i <= forbids; i++)
    if (option[a, "no-" forbidden[i]] && !option[b, "no-" forbidden[i]]) return 0
  if (has(a, "command") && !same(a, b, "command")) return 0
  if (option[a, "verify-required"] && !option[b, "verify-required"]) return 0
  if (option[b, "no-touch-required"] && !option[a, "no-touch-required"]) return 0
  if (has(a, "permitopen") && !option[b, "no-port-forwarding"] && !same(a, b, "permitopen")) return 0
  if (has(a, "permitlisten") && !option[b, "no-port-forwarding"] && !same(a, b, "permitlisten")) return 0
  if (has(a, "tunnel") && !same(a, b, "tunnel")) return 0
  return !has(b, "environment") || same(a, b, "environment")
}

function fits_whenever(a, b) {
  if (blob[a] != blob[b] || passed_over[a]) return 0
  if (has(a, "principals") && !same(a, b, "principals")) return 0
  if (has(a, "from") && !same(a, b, "from")) return 0
  return !has(a, "expiry-time") || (has(b, "expiry-time") && option[a, "expiry-time"] >= option[b, "expiry-time"])
}

function same(a, b, name) { return has(a, name) && has(b, name) && option[a, name] == option[b, name] }

# Sets slot[1...count]: the lines in their order. Where several users have one key, each one's lines for it stay together, and
# those that begin with more come first: whoever became root may have root's place, and root keeps its own.
function order_users(   n, key, u, lines, next_line, places, i) {
  for (n = 1; n <= count; n++) {
    slot[n] = n
    if (!(n in blob)) continue
    u = rank[user_of[n]]
    places_of[blob[n]] = places_of[blob[n]] " " n
    lines_of[blob[n], u] = lines_of[blob[n], u] " " n
    if (!passed_over[n] && !((blob[n], u) in first_of)) first_of[blob[n], u] = n
  }
  for (key in places_of) {
    split(places_of[key], places, " ")
    next_line = 0
    while (u = strongest_user(key)) {
      lines = split(lines_of[key, u], line_of, " ")
      for (i = 1; i <= lines; i++) slot[places[++next_line]] = line_of[i]
      delete lines_of[key, u]
    }
  }
}

# Of the users whose lines for this key have no place yet, the first that no other one's go beyond.
function strongest_user(key,   u, v, beaten) {
  for (u = 1; u <= users; u++) {
    if (!((key, u) in lines_of)) continue
    beaten = 0
    for (v = 1; v <= users; v++)
      if ((key, v) in lines_of && goes_beyond(first_of[key, v], first_of[key, u])) beaten = 1
    if (!beaten) return u
  }
  return 0
}

function goes_beyond(m, n) {
  if (!m || !n) return m && !n
  if (verdict[m] != verdict[n]) return verdict[m] == "login"
  return covers(m, n) && !covers(n, m)
}

function is_covered(position,   i) {
  for (i = 1; i < position; i++)
    if (covers(slot[i], slot[position])) return 1
  return 0
}

# An earlier line with the same key at which sshd stops, and which gives no shell.
function shadow_of(position,   i, n, m) {
  n = slot[position]
  for (i = 1; i < position; i++) {
    m = slot[i]
    if (blob[m] == blob[n] && verdict[m] == "kept" && !passed_over[m] && (address || fits_everywhere(m) || same(m, n, "from")))
      return m
  }
  return 0
}

function fits_everywhere(n) {
  return !has(n, "from") || (option[n, "from"] ~ /(^|,)\*(,|$)/ && option[n, "from"] !~ /!/)
}

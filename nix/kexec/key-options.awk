# Reads the options of a line of authorized_keys(5), as OpenSSH's auth-options.c does. Used by authorized-keys.awk.

BEGIN {
  # In sshd's order: the first that fits is taken, and what follows it must be a comma or the end.
  flags = split("restrict cert-authority port-forwarding agent-forwarding x11-forwarding touch-required verify-required " \
    "pty user-rc", flag_names, " ")
  values = split("command principals from expiry-time environment permitopen permitlisten tunnel", value_names, " ")
  forbids = split("port-forwarding agent-forwarding x11-forwarding pty user-rc", forbidden, " ")
}

# sshkey_advance_past_options(): what follows the first blank outside of quotes; \" is no quote, inside of them or not.
function after_options(text,   i, quoted, sign) {
  for (i = 1; i <= length(text); i++) {
    sign = substr(text, i, 1)
    if (sign == "\\" && substr(text, i + 1, 1) == "\"") i++
    else if (sign == "\"") quoted = !quoted
    else if (!quoted && sign ~ /[ \t]/) break
  }
  text = substr(text, i)
  sub(/^[ \t]+/, "", text)
  return text
}

# sshauthopt_parse(): sets option[n, name] for what is there. Returns what sshd would mind, if anything.
function parse_options(n, text,   i, on, name, value) {
  rest_of_options = text
  while (rest_of_options !~ /^([ \t]|$)/) {
    on = -1
    for (i = 1; i <= flags && on < 0; i++) on = take_flag(name = flag_names[i])
    if (on >= 0) {
      if (name == "restrict") for (i = 1; i <= forbids; i++) option[n, "no-" forbidden[i]] = 1
      else if (name == "cert-authority" || name == "verify-required") option[n, name] = on
      else option[n, "no-" name] = !on
    } else if (name = take_value_name()) {
      if (!take_quoted()) return "no quotes around " name
      value = taken
      if (name ~ /^(command|principals|from)$/ && has(n, name)) return name " twice"
      if (name == "expiry-time") {
        if (!(value = moment(value))) return "expiry-time"
        if (has(n, name) && option[n, name] < value) value = option[n, name]
      }
      if (name == "environment" && value !~ /^[A-Za-z0-9_]+=/) return name
      if (name ~ /^permit/ && !is_permitted(name, value)) return name
      if (name == "tunnel" && tolower(value) != "any" && value !~ /^[0-9]+$/) return name
      if (name ~ /^(environment|permit)/ && has(n, name)) value = option[n, name] "\n" value
      option[n, name] = value
    }
    if (rest_of_options ~ /^([ \t]|$)/) return ""
    if (rest_of_options !~ /^,/) return "something unknown at " first_word(rest_of_options)
    rest_of_options = substr(rest_of_options, 2)
  }
  return ""
}

# Names are read without regard to case. 1: on; 0: off, by no- in front (which two of them cannot have); -1: another.
function take_flag(name,   text, on) {
  text = tolower(rest_of_options)
  on = 1
  if (name != "restrict" && name != "cert-authority" && text ~ /^no-/) { on = 0; text = substr(text, 4) }
  if (index(text, name) != 1) return -1
  rest_of_options = substr(rest_of_options, length(rest_of_options) - length(text) + length(name) + 1)
  return on
}

function take_value_name(   i) {
  for (i = 1; i <= values; i++)
    if (index(tolower(rest_of_options), value_names[i] "=") == 1) {
      rest_of_options = substr(rest_of_options, length(value_names[i]) + 2)
      return value_names[i]
    }
  return ""
}

# opt_dequote(): \" stands for a quote, and nothing else is special.
function take_quoted(   i, sign) {
  if (rest_of_options !~ /^"/) return 0
  taken = ""
  for (i = 2; (sign = substr(rest_of_options, i, 1)) != "\""; i++) {
    if (sign == "") return 0
    if (sign == "\\" && substr(rest_of_options, i + 1, 1) == "\"") { sign = "\""; i++ }
    taken = taken sign
  }
  rest_of_options = substr(rest_of_options, i + 1)
  return 1
}

# A time of day stands in the machine's zone, and the installer's is UTC.
function moment(text) {
  sub(/([zZ]|[uU][tT][cC])$/, "", text)
  if (text !~ /^[0-9]+$/ || length(text) !~ /^(8|12|14)$/) return ""
  text = text substr("000000", 1, 14 - length(text))
  if (text !~ /^....(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([01][0-9]|2[0-3])[0-5][0-9]([0-5][0-9]|60)$/) return ""
  return text > "1970010100000" ? text : ""
}

# HOST:PORT, [HOST]:PORT, with a slash as well; permitlisten needs no host.
function is_permitted(name, value,   port) {
  port = value
  if (value ~ /^\[/) {
    if (!index(value, "]")) return 0
    port = substr(value, index(value, "]") + 1)
    if (port !~ "^[:/]") return 0
    port = substr(port, 2)
  } else if (match(value, "[:/]")) port = substr(value, RSTART + 1)
  else if (name == "permitopen") return 0
  return port == "*" || (port ~ /^[0-9]+$/ && port + 0 > 0 && port + 0 < 65536)
}

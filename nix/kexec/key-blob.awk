# Reads one SSH public key. Used by authorized-keys.awk.

BEGIN {
  for (code = 0; code < 64; code++)
    sextet[substr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", code + 1, 1)] = code
  # Busybox may have been built without the operator for it.
  power[0] = 1
  for (i = 1; i <= 8; i++) power[i] = 2 * power[i - 1]
  # What a line may call a key, and what the key itself says that it is.
  split("ssh-ed25519 ssh-rsa ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 ecdsa-sha2-nistp521 " \
    "sk-ssh-ed25519@openssh.com sk-ecdsa-sha2-nistp256@openssh.com", names, " ")
  for (i in names) type_of[names[i]] = names[i]
  type_of["rsa-sha2-256"] = type_of["rsa-sha2-512"] = "ssh-rsa"
  point_size["nistp256"] = 65
  point_size["nistp384"] = 97
  point_size["nistp521"] = 133
}

# sshkey_read() of OpenSSH: a type, blanks, the key in base64. Sets key_blob, else key_fault (empty: not even a type).
function read_key(text,   type) {
  key_fault = ""
  type = first_word(text)
  if (type == "ssh-dss") { key_fault = "a DSA key, which sshd no longer takes"; return 0 }
  if (type ~ /-cert-v0[01]@openssh\.com$/) { key_fault = "a certificate, where a key should stand"; return 0 }
  if (!(type in type_of)) return 0
  text = substr(text, length(type) + 1)
  sub(/^[ \t]+/, "", text)
  text = first_word(text)
  if (!decode(text) || !is_key(type_of[type])) {
    if (!key_fault) key_fault = "a placeholder, or a key that is cut off or damaged"
    return 0
  }
  sub(/=+$/, "", text)
  key_blob = type_of[type] " " text
  return 1
}

# Sets size and byte[0...] to what the base64 stands for; no bits may be left over (RFC 4648, 3.5).
function decode(text,   i, bits, held, sign) {
  size = bits = held = 0
  if (length(text) % 4) return 0
  for (i = 1; i <= length(text); i++) {
    sign = substr(text, i, 1)
    if (sign == "=") return substr(text, i) ~ /^==?$/ && i >= length(text) - 1 && !held
    if (!(sign in sextet)) return 0
    held = held * 64 + sextet[sign]
    bits += 6
    if (bits >= 8) {
      bits -= 8
      byte[size++] = int(held / power[bits])
      held %= power[bits]
    }
  }
  return 1
}

# RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4 and OpenSSH's PROTOCOL.u2f: strings with their lengths in front, and no more.
function is_key(type,   curve, modulus) {
  position_in_key = 0
  if (next_string() != type) return 0
  if (type == "ssh-rsa") {
    if (!skip_number() || !(modulus = skip_number())) return 0
    if (modulus < 1024) key_fault = "an RSA key of " modulus " bits, and sshd wants 1024"
    return modulus >= 1024 && modulus <= 16384 && position_in_key == size
  }
  if (type ~ /ecdsa/) {
    curve = next_string()
    if (!(curve in point_size) || index(type, curve) == 0) return 0
    if (string_size() != point_size[curve] || byte[position_in_key] != 4) return 0
    position_in_key += point_size[curve]
  } else {
    if (string_size() != 32) return 0
    position_in_key += 32
  }
  if (type ~ /^sk-/ && next_string() == "") return 0
  return position_in_key == size
}

# The length of the string that begins here; what it holds comes next. -1 where the key ends before.
function string_size(   length_of) {
  if (position_in_key + 4 > size) return -1
  length_of = ((byte[position_in_key] * 256 + byte[position_in_key + 1]) * 256 + byte[position_in_key + 2]) * 256 + \
    byte[position_in_key + 3]
  position_in_key += 4
  return position_in_key + length_of > size ? -1 : length_of
}

function next_string(   left, text) {
  for (left = string_size(); left > 0; left--) text = text sprintf("%c", byte[position_in_key++])
  return text
}

# A positive number (RFC 4251 5, mpint): its bits, 0 where there is none.
function skip_number(   left, bits) {
  left = string_size()
  if (left <= 0 || byte[position_in_key] >= 128) return 0
  for (; left > 0 && byte[position_in_key] == 0; left--) position_in_key++
  if (left == 0) return 0
  for (bits = 8; byte[position_in_key] < power[bits - 1];) bits--
  position_in_key += left
  return bits + 8 * (left - 1)
}

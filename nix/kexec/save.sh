# shellcheck shell=sh
# Saves what the installer takes over from this machine, below $state. Sourced by run.
# Each part stands on its own: what is not there is said, and the rest goes on.
# run makes $work and $state after it has read this file.
# shellcheck disable=SC2154
: "${here:?}"

missing() { warn "not found, and so not taken along: $*"; }
left_behind() { warn "not taken along: $*"; }

save_machine_id() {
  if [ -s /etc/machine-id ]; then
    cat /etc/machine-id >"$state/machine-id"
  elif [ -s /var/lib/dbus/machine-id ]; then
    cat /var/lib/dbus/machine-id >"$state/machine-id"
  else
    missing "machine-id"
  fi
}

save_hostname() {
  cat /proc/sys/kernel/hostname >"$state/hostname" || missing "host name"
}

save_host_keys() {
  mkdir "$state/ssh"
  host_key_files >"$work/host-keys"
  while IFS= read -r key; do
    name=$(host_key_name "$key")
    [ -n "$name" ] || { left_behind "host key $key (of a type that is not known here)"; continue; }
    [ ! -e "$state/ssh/$name" ] || continue
    cat "$key" >"$state/ssh/$name"
    [ ! -s "$key.pub" ] || cat "$key.pub" >"$state/ssh/$name.pub"
  done <"$work/host-keys"
  save_dropbear_host_keys
  [ -n "$(ls "$state/ssh")" ] || missing "SSH host keys; the installer makes new ones"
}

# The caller's keys come before root's: sshd goes by the first line with a key, and clouds give root the same key with
# a command= that only says "log in as admin". A caller who became root may have root's place; a restriction without
# such a twin stays as it is.
save_authorized_keys() {
  caller=${SUDO_USER:-${DOAS_USER-}}
  [ "$caller" != root ] || caller=
  {
    [ -z "$caller" ] || key_files_of "$caller"
    key_files_of root
  } >"$work/key-files"
  while IFS= read -r file; do
    cat "$file"
    echo # a last line without an end would swallow the next
  done <"$work/key-files" | awk '
    # Everything before the key type, with blanks inside of quotes, are its options.
    function split_line(line,   position, quoted, char, token) {
      options = ""
      while (line != "") {
        quoted = 0
        for (position = 1; position <= length(line); position++) {
          char = substr(line, position, 1)
          if (char == "\\" && quoted) position++
          else if (char == "\"") quoted = !quoted
          else if (!quoted && (char == " " || char == "\t")) break
        }
        token = substr(line, 1, position - 1)
        line = substr(line, position)
        sub(/^[ \t]+/, "", line)
        if (token ~ /^(ssh-|ecdsa-|sk-)/) { type = token; split(line, rest, /[ \t]+/); blob = rest[1]; return 1 }
        if (options != "") return 0
        options = token
      }
      return 0
    }
    { sub(/\r$/, ""); sub(/^[ \t]+/, "") }
    /^(#|$)/ { next }
    !split_line($0) || seen[type " " blob]++ { next }
    { print }
  ' >"$state/authorized_keys"
  login_keys=$(grep -cv '^[^ ]*command=' "$state/authorized_keys" || :)
  restricted=$(grep -c '^[^ ]*command=' "$state/authorized_keys" || :)
  [ "$restricted" = 0 ] || warn "$restricted of root's keys may only run a command; they are taken along as they are"
  [ -s "$state/authorized_keys" ] || missing "authorized keys"
}

# What a customised link put into customisation.img (docs/kexec.md): a cpio archive, or zeros. A folder of the same name came
# with an older image.
save_customisation() {
  [ ! -s "$here/customisation/authorized_keys" ] ||
    warn "$here/customisation is of an older download and is not used"
  [ "$(head -c 6 "$here/customisation.img" 2>/dev/null)" = 070701 ] || return 0
  (cd "$work/initrd.d" && cpio -idm 'customisation' 'customisation/*' <"$here/customisation.img" 2>"$work/cpio.log") ||
    fail "unpacking $here/customisation.img failed ($(head -n 1 "$work/cpio.log")); unpack the tarball again; nothing was changed"
  keys=$work/initrd.d/customisation/authorized_keys
  [ -s "$keys" ] || return 0
  say "this link lets these keys log in as root:"
  sed 's/^/  /' "$keys"
  login_keys=$((login_keys + $(grep -c . "$keys")))
}

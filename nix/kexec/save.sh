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

# What a customised link put into customisation.img (docs/kexec.md): a cpio archive, or zeros. A folder of the same name came
# with an older image.
save_customisation() {
  [ ! -s "$here/customisation/authorized_keys" ] ||
    warn "$here/customisation is of an older download and is not used"
  [ "$(head -c 6 "$here/customisation.img" 2>/dev/null)" = 070701 ] || return 0
  (cd "$work/initrd.d" && cpio -idm 'customisation' 'customisation/*' <"$here/customisation.img" 2>"$work/cpio.log") ||
    fail "unpacking $here/customisation.img failed ($(head -n 1 "$work/cpio.log")); unpack the tarball again; nothing was changed"
  added=$work/initrd.d/customisation
  [ ! -s "$added/hostname" ] || say "this link names the installer $(cat "$added/hostname")"
  [ ! -s "$added/password-hash" ] || say "this link sets a password for root; who made it can log in"
  keys=$added/authorized_keys
  [ -s "$keys" ] || return 0
  say "this link lets these keys log in as root:"
  sed 's/^/  /' "$keys"
  judge_lines user=root "$keys" >"$work/verdicts"
  awk -F '\t' '$1 != "login" { print $2 ": " $4 }' "$work/verdicts" >"$work/refused"
  while IFS= read -r sentence; do warn "no way in: $sentence"; done <"$work/refused"
  login_keys=$((login_keys + $(grep -c '^login' "$work/verdicts" || :)))
}

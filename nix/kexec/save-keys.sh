# shellcheck shell=sh
# Saves who may log in, and knows whom the installer will let in. Sourced by run, which makes $work and $state later.
# shellcheck disable=SC2154
: "${here:?}"

# A line of passwd(5), by name or number. Users of sssd, LDAP and their like are known to getent alone.
user_entry() { # <user>
  { command -v getent >/dev/null && timeout 20 getent passwd "$1" 2>/dev/null; } ||
    awk -F: -v user="$1" '$1 == user || $3 == user {print; exit}' /etc/passwd
}

user_field() { # <user> <name | uid | gid | home>
  case "$2" in name) field=1 ;; uid) field=3 ;; gid) field=4 ;; home) field=6 ;; esac
  user_entry "$1" | head -n 1 | cut -d : -f "$field"
}

# Who became root, where something says so (pkexec gives a number).
find_caller() {
  caller=${SUDO_USER:-${DOAS_USER:-${PKEXEC_UID-}}}
  [ -n "$caller" ] || return 0
  name=$(user_field "$caller" name)
  [ -n "$name" ] || missing "the user $caller who became root; without an entry in passwd, nobody knows where the keys are"
  caller=$name
  [ "$caller" != root ] || caller=
}

# Every line of the files of these users, with the installer's verdict on it (authorized-keys.awk).
judge_keys() { # <user>...
  for user; do
    # awk takes backslashes in an assignment for the beginning of something.
    printf 'user=%s\n' "$user" | sed 's/\\/\\\\/g'
    key_files_of "$user"
  done >"$work/key-files"
  set --
  while IFS= read -r argument; do set -- "$@" "$argument"; done <"$work/key-files"
  judge_lines "$@"
}

judge_lines() { # <user=NAME | file>...
  # A key has to last until somebody has logged in.
  now=$(date -u -d "@$(($(date +%s) + 3600))" +%Y%m%d%H%M%S)
  address=${SSH_CONNECTION-}
  awk -v now="$now" -v address="${address%% *}" -f "$here/key-blob.awk" -f "$here/key-options.awk" \
    -f "$here/key-from.awk" -f "$here/authorized-keys.awk" "$@" </dev/null
}

save_authorized_keys() {
  find_caller
  for user in ${keys_of-}; do
    [ -n "$(user_field "$user" name)" ] || fail "there is no user $user (--keys-of); nothing was changed"
  done
  # shellcheck disable=SC2086 # a list of users
  judge_keys ${caller:+"$caller"} ${keys_of-} root | without_revoked >"$work/verdicts"
  sed -n '/^left/!p' "$work/verdicts" | cut -f 4- >"$state/authorized_keys"
  awk -F '\t' '$1 == "left" { print $3 ": " $2 }' "$work/verdicts" >"$work/left"
  while IFS= read -r sentence; do left_behind "$sentence"; done <"$work/left"
  awk -F '\t' '$1 == "kept" { print $3 ": " $2 }' "$work/verdicts" >"$work/kept"
  while IFS= read -r sentence; do warn "kept, but no way in: $sentence"; done <"$work/kept"
  login_keys=$(grep -c '^login' "$work/verdicts" || :)
  if [ "$login_keys" != 0 ] && [ "$(grep -c '^login.no terminal' "$work/verdicts")" = "$login_keys" ]; then
    warn "all keys that may log in give no terminal (no-pty, restrict): ssh -T root@... sh"
  fi
  [ -s "$state/authorized_keys" ] || missing "authorized keys"
}

# What sshd's RevokedKeys names stays out. Where nobody can read its list, that is every key, as for sshd.
without_revoked() { # < verdicts
  revoked=$(sshd_settings root | setting revokedkeys)
  [ "${revoked:-none}" != none ] || { cat; return; }
  tab=$(printf '\t')
  while IFS= read -r judged; do
    key=$(printf '%s\n' "$judged" | sed 's/^.*\(\(ssh-\|ecdsa-\|sk-\|rsa-\)[^" ]* *AAAA[^ ]*\).*$/\1/')
    case "$judged" in
      left*) printf '%s\n' "$judged" ;;
      *)
        if is_revoked "$key"; then
          place=${judged#*"$tab"*"$tab"}
          printf 'left\trevoked by %s\t%s\n' "$revoked" "$place"
        else
          printf '%s\n' "$judged"
        fi ;;
    esac
  done
}

is_revoked() { # <type and key>
  printf '%s\n' "$1" >"$work/key.pub"
  case "$(head -c 6 "$revoked" 2>/dev/null)" in
    SSHKRL) ! ssh-keygen -Qf "$revoked" "$work/key.pub" >/dev/null 2>&1 ;;
    "") return 0 ;;
    *) grep -qF "${1##* }" "$revoked" ;; # a list of public keys
  esac
}

# sshd's safe_path(): the file, and the folders up to the home folder, belong to the user or root, and nobody else may write
# to them. Prints the first that is not so, and how to mend it.
unsafe_part() { # <user> <file>
  uid=$(user_field "$1" uid)
  gid=$(user_field "$1" gid)
  top=$(realpath "$(user_field "$1" home)" 2>/dev/null || echo /)
  part=$(realpath "$2")
  # Whoever owns the root folder can do as they please; in a user namespace that is not 0.
  root_uid=$(stat -c %u /)
  while :; do
    owner=$(stat -c %u "$part")
    mode=$(stat -c %a "$part")
    case "$owner" in
      0 | "$uid" | "$root_uid") ;;
      *) echo "$part belongs to another user: chown $1 $part"; return ;;
    esac
    case "$mode" in
      *[2367]) echo "others may write to $part: chmod go-w $part"; return ;;
      *[2367]?) is_private_group "$1" "$gid" "$(stat -c %g "$part")" ||
        { echo "its group may write to $part: chmod go-w $part"; return; } ;;
    esac
    case "$part" in / | "$top") return ;; esac
    part=${part%/*}
    part=${part:-/}
  done
}

# Debian's sshd, and no other, takes a group that has nobody else in it for the user.
is_private_group() { # <user> <the user's gid> <gid>
  [ -e /etc/debian_version ] && [ "$2" = "$3" ] || return 1
  awk -F: -v user="$1" -v gid="$3" '
    FILENAME == "/etc/passwd" && $4 == gid && $1 != user { others = 1 }
    FILENAME == "/etc/group" && $3 == gid && $4 != "" && $4 != user { others = 1 }
    END { exit others }
  ' /etc/passwd /etc/group
}

# sshd reads it as the user.
is_readable_by() { # <user> <file>
  uid=$(user_field "$1" uid)
  mode=000$(stat -c %a "$2")
  case "$uid $mode" in "0 "* | *[4567]) return 0 ;; esac
  if [ "$(stat -c %u "$2")" = "$uid" ]; then
    case "$mode" in *[4567]??) return 0 ;; esac
  elif [ "$(stat -c %g "$2")" = "$(user_field "$1" gid)" ]; then
    case "$mode" in *[4567]?) return 0 ;; esac
  fi
  return 1
}

# After `su -` no variable names the user who became root, but the processes above this one do, and so does the kernel's
# audit id.
session_users() {
  process=$$
  while [ "${process:-0}" -gt 1 ] && [ -r "/proc/$process/status" ]; do
    awk '$1 == "Uid:" {print $2}' "/proc/$process/status"
    process=$(awk '$1 == "PPid:" {print $2}' "/proc/$process/status")
  done
  cat /proc/self/loginuid 2>/dev/null
}

# Users whose keys would let root in: <user> <file>, those of this session first.
users_with_keys() {
  {
    session_users | while read -r uid; do [ "$uid" = 0 ] || user_field "$uid" name; done
    awk -F: '$3 != 0 && $6 != "" && $7 !~ /(nologin|false)$/ {print $1}' /etc/passwd
  } | awk '$0 != "" && !seen[$0]++' | head -n 100 | while IFS= read -r user; do
    judge_keys "$user" 2>/dev/null |
      awk -F '\t' -v user="$user" '$1 == "login" { sub(/:[0-9]+$/, "", $3); print user, $3; exit }'
  done
}

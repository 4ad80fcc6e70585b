# shellcheck shell=sh
# Where this machine's sshd (or dropbear) has its keys. Sourced by run, which makes $state later.
# shellcheck disable=SC2154

# openSUSE has its own below /usr; both include what an administrator puts into /etc/ssh/sshd_config.d.
sshd_config_file() {
  for file in /etc/ssh/sshd_config /usr/etc/ssh/sshd_config; do
    [ ! -s "$file" ] || { echo "$file"; return; }
  done
}

# What sshd goes by for <user>: lines of a keyword in lower case and its value. Nothing where there is no sshd.
sshd_settings() { # <user>
  config=$(sshd_config_file)
  [ -n "$config" ] || return 0
  # Match blocks may look at where one comes from; sudo does not say, and then it is this machine.
  # shellcheck disable=SC2086 # four words
  set -- "$1" ${SSH_CONNECTION:-127.0.0.1 0 127.0.0.1 22}
  sshd=$(command -v sshd || :)
  {
    [ -n "$sshd" ] && { ask_sshd -C "user=$1,host=$2,addr=$2,laddr=$4,lport=$5" || ask_sshd; }
  } || { cd /etc/ssh 2>/dev/null || cd /; read_sshd_config "$config"; }
}

# Where systemd listens for it, sshd's folder may not be there yet, and sshd says nothing without it.
ask_sshd() { # <arguments...>
  "$sshd" -T "$@" 2>"$work/sshd.log" && return
  folder=$(sed -n 's/\r$//; s/^Missing privilege separation directory: //p' "$work/sshd.log")
  [ -n "$folder" ] && mkdir -m 755 "$folder" 2>/dev/null || return 1
  told=0
  "$sshd" -T "$@" 2>/dev/null || told=1
  rmdir "$folder"
  return $told
}

# sshd_config(5) without sshd's help: the first value of a keyword holds, and after Match only for some.
read_sshd_config() ( # <file>
  holds=yes
  set +f # Include takes patterns
  awk '
    { sub(/\r$/, ""); sub(/^[ \t]+/, ""); sub(/[ \t]+$/, "") }
    /^(#|$)/ { next }
    {
      keyword = value = $0
      sub(/[ \t=].*/, "", keyword)
      sub(/^[^ \t=]+[ \t]*=?[ \t]*/, "", value)
      gsub(/"/, "", value)
      print tolower(keyword), value
    }
  ' "$1" | while read -r keyword value; do
    case "$holds $keyword" in
      *" match") [ "$value" = all ] && holds=yes || holds=no ;;
      "yes include")
        for file in $value; do
          [ ! -f "$file" ] || read_sshd_config "$file"
        done ;;
      yes*) printf '%s %s\n' "$keyword" "$value" ;;
      "no authorizedkeysfile") echo "unclear $keyword $value" ;;
    esac
  done
)

setting() { # <keyword> < settings -> its first value
  sed -n "s/^$1 //p" | head -n 1
}

# AuthorizedKeysFile's %h, %u, %U and %%; names without a slash in front lie in the home folder.
key_file() { # <user> <name>
  rest=$2
  path=
  while [ "$rest" != "${rest#*%}" ]; do
    path=$path${rest%%\%*}
    rest=${rest#*%}
    case "$rest" in
      h*) path=$path$home ;;
      u*) path=$path$1 ;;
      U*) path=$path$(user_field "$1" uid) ;;
      %*) path=$path% ;;
    esac
    rest=${rest#?}
  done
  path=$path$rest
  case "$path" in
    /*) echo "$path" ;;
    *) echo "$home/$path" ;;
  esac
}

# Exactly the files that sshd looks at: a key elsewhere lets nobody in today, and must not tomorrow.
key_files_of() { # <user>
  home=$(user_field "$1" home)
  settings=$(sshd_settings "$1")
  files=".ssh/authorized_keys .ssh/authorized_keys2"
  if [ -n "$settings" ]; then
    set_files=$(echo "$settings" | setting authorizedkeysfile)
    files=${set_files:-$files}
    for keyword in AuthorizedKeysCommand TrustedUserCAKeys; do
      value=$(echo "$settings" | setting "$(echo "$keyword" | tr '[:upper:]' '[:lower:]')")
      [ "${value:-none}" = none ] || left_behind "what lets $1 in by sshd's $keyword ($value)"
    done
    unclear=$(echo "$settings" | setting "unclear authorizedkeysfile")
    [ -z "$unclear" ] || left_behind "keys in $unclear (below a Match in sshd_config, and sshd -T does not work here)"
  else
    files="$files /etc/ssh/authorized_keys.d/%u"
  fi
  set -f # a name in the list is no pattern
  for name in $files; do
    [ "$name" != none ] || continue
    file=$(key_file "$1" "$name")
    if [ -s "$file" ] && is_read_by_sshd "$1" "$file"; then echo "$file"; fi
  done
  set +f
  # OpenWrt's dropbear.
  [ "$1" != root ] || [ ! -s /etc/dropbear/authorized_keys ] || ! command -v dropbear >/dev/null ||
    echo /etc/dropbear/authorized_keys
}

# A file that others could write to lets nobody in today (sshd's StrictModes; dropbear is as strict), nor one that the user
# may not read.
is_read_by_sshd() { # <user> <file>
  if ! is_readable_by "$1" "$2"; then
    left_behind "keys in $2: sshd reads it as $1, who may not: chown $1 $2"
    return 1
  fi
  [ "$(echo "$settings" | setting strictmodes)" != no ] || return 0
  unsafe=$(unsafe_part "$1" "$2")
  [ -z "$unsafe" ] || left_behind "keys in $2, which sshd does not read (StrictModes): $unsafe"
  [ -z "$unsafe" ]
}

# shellcheck shell=sh
# Saves by what clients know this machine: host keys, their certificates, sshd's ports. Sourced by run, which makes $work and
# $state later.
# shellcheck disable=SC2154
: "${here:?}"

save_host_keys() {
  mkdir "$state/ssh"
  sshd_settings root >"$work/sshd-settings"
  host_key_files >"$work/host-keys"
  while IFS= read -r key; do
    save_host_key "$key"
  done <"$work/host-keys"
  save_dropbear_host_keys
  save_host_certificates
  agent=$(setting hostkeyagent <"$work/sshd-settings")
  [ "${agent:-none}" = none ] || left_behind "host keys in sshd's HostKeyAgent ($agent)"
  save_ports
  [ -n "$(ls "$state/ssh")" ] || missing "SSH host keys; the installer makes new ones"
}

host_key_files() {
  found=no
  sed -n 's/^hostkey //p' "$work/sshd-settings" >"$work/host-key-settings"
  while IFS= read -r key; do
    [ -s "$key" ] || continue
    echo "$key"
    found=yes
  done <"$work/host-key-settings"
  [ "$found" = no ] || return 0
  # sshd's own names first.
  for file in /etc/ssh/ssh_host_rsa_key /etc/ssh/ssh_host_ecdsa_key /etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_*_key; do
    [ ! -s "$file" ] || echo "$file"
  done | awk '!seen[$0]++'
}

# The installer's sshd has one key of each type, named for it, whatever it was called here.
save_host_key() { # <private key file>
  type=$(host_key_type "$1")
  to=$state/ssh/ssh_host_${type}_key
  case "$type" in
    ed25519 | ecdsa | rsa) ;;
    encrypted) left_behind "host key $1 (a passphrase is on it)"; return ;;
    dsa) left_behind "host key $1 (DSA, which sshd no longer takes)"; return ;;
    *) left_behind "host key $1 (of a type that is not known here)"; return ;;
  esac
  [ ! -e "$to" ] || { left_behind "host key $1 (an earlier one is of the same type, and the installer has one of each)"; return; }
  cat "$1" >"$to"
  [ ! -s "$1.pub" ] || cat "$1.pub" >"$to.pub"
  if [ -s "$1-cert.pub" ] && ! grep -qxF "hostcertificate $1-cert.pub" "$work/sshd-settings"; then
    left_behind "host certificate $1-cert.pub (no HostCertificate names it, so no client has seen it)"
  fi
}

# By the private key itself, because a .pub may be missing, or of an older key.
host_key_type() { # <private key file>
  case "$(head -n 3 "$1")" in
    *ENCRYPTED*) echo encrypted; return ;;
    *"BEGIN RSA PRIVATE KEY"*) echo rsa; return ;;
    *"BEGIN EC PRIVATE KEY"*) echo ecdsa; return ;;
    *"BEGIN DSA PRIVATE KEY"*) echo dsa; return ;;
    *"BEGIN OPENSSH PRIVATE KEY"*)
      # OpenSSH's PROTOCOL.key: cipher, key derivation and its options, and the public key, which names its type.
      words=$(sed '/^-----/d' "$1" | base64 -d 2>/dev/null | head -c 80 | tr -cs 'a-z0-9-' ' ')
      case "$words" in
        "openssh-key-v1 none none "*) public=${words#openssh-key-v1 none none } ;;
        *) echo encrypted; return ;;
      esac ;;
    *) public=$(cat "$1.pub" 2>/dev/null || ssh-keygen -yf "$1" </dev/null 2>/dev/null) ;;
  esac
  case "$public" in
    *ssh-ed25519*) echo ed25519 ;;
    *ecdsa-*) echo ecdsa ;;
    *ssh-rsa*) echo rsa ;;
    *ssh-dss*) echo dsa ;;
    *) basename "$1" | sed -n 's/^ssh_host_\(.*\)_key$/\1/p' ;;
  esac
}

# Those that sshd offers today (HostCertificate), beside the key that they are for.
save_host_certificates() {
  sed -n 's/^hostcertificate //p' "$work/sshd-settings" | while IFS= read -r file; do
    case "$(head -c 200 "$file" 2>/dev/null)" in
      ssh-ed25519-cert-*) type=ed25519 ;;
      ecdsa-*-cert-*) type=ecdsa ;;
      ssh-rsa-cert-*) type=rsa ;;
      *) [ "$file" = none ] || left_behind "host certificate $file (not there, or of a type that is not known here)"; continue ;;
    esac
    if [ -e "$state/ssh/ssh_host_${type}_key" ]; then
      cat "$file" >"$state/ssh/ssh_host_${type}_key-cert.pub"
    else
      left_behind "host certificate $file (its key is not)"
    fi
  done
}

# Clients come to the port that they know; the installer listens there as well as on 22.
save_ports() {
  # shellcheck disable=SC2086 # four words
  set -- ${SSH_CONNECTION-}
  {
    sed -n 's/^port //p; s/^listenaddress [^:]*:\([0-9]*\)$/\1/p; s/^listenaddress \[.*\]:\([0-9]*\)$/\1/p' "$work/sshd-settings"
    echo "${4-}"
    dropbear_ports
  } | awk '/^[0-9]+$/ && $0 > 0 && $0 < 65536 && $0 != 22 && !seen[$0]++' >"$work/ports"
  [ -s "$work/ports" ] || return 0
  cat "$work/ports" >"$state/ssh/ports"
  say "the installer's sshd will listen on port 22, and on $(paste -s -d ' ' "$work/ports") as here"
}

# -p [ADDRESS:]PORT of those that run.
dropbear_ports() {
  grep -l dropbear /proc/[0-9]*/cmdline 2>/dev/null | while read -r arguments; do
    { tr '\0' '\n' <"$arguments"; } 2>/dev/null | awk '
      NR == 1 && !/(^|\/)dropbear$/ { exit }
      previous == "-p" { sub(/.*:/, ""); print }
      /^-p./ { sub(/^-p/, ""); sub(/.*:/, ""); print }
      { previous = $0 }
    '
  done
}

# dropbear's key (name, 32 secret and 32 public bytes) in the file format of openssh's PROTOCOL.key.
openssh_from_dropbear_ed25519() { # <file>
  bytes() { dd if="$key" bs=1 skip="$1" count="$2" 2>/dev/null; }
  key=$1
  echo "-----BEGIN OPENSSH PRIVATE KEY-----"
  {
    printf 'openssh-key-v1\000\000\000\000\004none\000\000\000\004none\000\000\000\000\000\000\000\001'
    printf '\000\000\000\063'
    bytes 0 15
    printf '\000\000\000\040'
    bytes 51 32
    printf '\000\000\000\210\000\000\000\000\000\000\000\000'
    bytes 0 15
    printf '\000\000\000\040'
    bytes 51 32
    bytes 15 68
    # No comment, and padding.
    printf '\000\000\000\000\001\002\003\004\005'
  } | base64
  echo "-----END OPENSSH PRIVATE KEY-----"
}

# ed25519 is enough for clients that knew it; the rest needs dropbear's own program.
save_dropbear_host_keys() {
  for key in /etc/dropbear/dropbear_*_host_key; do
    [ -s "$key" ] || continue
    type=${key##*/dropbear_}
    type=${type%_host_key}
    to=$state/ssh/ssh_host_${type}_key
    [ ! -e "$to" ] || continue
    if [ "$type" = ed25519 ] && [ "$(stat -c %s "$key")" = 83 ]; then
      openssh_from_dropbear_ed25519 "$key" >"$to"
    elif ! dropbearconvert dropbear openssh "$key" "$to" >/dev/null 2>&1; then
      rm -f "$to"
      left_behind "dropbear's host key $key (dropbearconvert, which could convert it, is not here)"
    fi
  done
}

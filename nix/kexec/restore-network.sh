# shellcheck shell=sh
# Brings up the network that kexec/run saved. Sourced by restore, which sets $state, $root, $network (ip or units), $ip and
# $units, $parameters, and has its own output as file descriptor 3.
# shellcheck disable=SC2154
: "${here:?}"
# shellcheck source=nix/kexec/network-model.sh
. "$here/network-model.sh"

no_part() { echo "missing network $1" >&3; }

# Runs a jq program of this folder over the model.
model_program() { # <arguments of jq...>
  printf '%s\n' "$model" | jq -r -L "$here" "$@"
}

# Gives one program its lines in one go, as its batch mode takes them, and says which of them failed. That something is
# there already is no failure: restoring may be repeated.
run_batch() { # <commands.jq's word for the program> <program> <arguments...>
  lines=$(printf '%s\n' "$commands" | sed -n "s/^$1 //p")
  shift
  [ -n "$lines" ] || return 0
  {
    printf '%s\n' "$lines" "answers:"
    printf '%s\n' "$lines" | "$@" -force -batch - 2>&1 || :
  } | awk '
    $0 == "answers:" { answers = 1; next }
    !answers { line[NR] = $0; next }
    /^Command failed / {
      sub(/.*:/, "")
      if (!known) print "missing network: ip " line[$0] (said ? ": " said : "")
      said = ""
      known = 0
      next
    }
    /File exists/ { known = 1 }
    { said = $0 }
  '
}

run_commands() { # <for>
  commands=$(model_program --argjson now "$now" --arg for "$1" -f "$here/commands.jq")
  printf '%s\n' "$commands" | sed -n 's/^sysctl //p' | while read -r setting value; do
    echo "$value" 2>/dev/null >"/proc/sys/$setting" || echo "missing network: $setting"
  done
  run_batch ip "$ip"
  run_batch bridge bridge
  run_batch ip4 "$ip" -4
  run_batch ip6 "$ip" -6
}

restore_network_with_ip() {
  now=$("$ip" -json -details link show)
  # Without bridge, a bridge cannot be told its ports' VLANs.
  command -v bridge >/dev/null ||
    model=$(model_program -c '.links |= map(if .kind == "bridge" then .settings.vlan_filtering = 0 else . end)')
  run_commands ip
  # shellcheck disable=SC2016 # jq's variables
  model_program --argjson now "$now" 'include "network"; . as $model | .links[] | select(.dhcp4)
    | "dhcp4 \(.name | name_now($model; $now)) \(.dhcp4.address) \(.dhcp4.clientId // "-")"'
  # The resolver's file, where no systemd-resolved makes it.
  model_program '(.dns[] | "nameserver \(.)"), (select(.search != []) | "search \(.search | join(" "))")' >"$root/etc/resolv.conf"
}

restore_network_with_units() {
  # Without ip, interfaces keep the names that they had.
  now=$("$ip" -json -details link show 2>/dev/null) || now='[]'
  mkdir -p "$units"
  # One line of a unit after its file's name. networkd must be able to read them, whatever the umask is.
  model_program --argjson now "$now" -f "$here/networkd.jq" | (umask 022 && awk -v units="$units" '
    {
      file = $1
      if (!(file in seen)) print "network " file
      seen[file]
      sub(/^[^ ]* /, "")
      print >(units "/" file)
    }
  ')
  # By what came of it: jq or awk may be missing.
  found=no
  for unit in "$units"/*; do [ ! -s "$unit" ] || found=yes; done
  [ "$found" = yes ] || echo "missing network units"
  run_commands networkd
}

restore_network() {
  # Somebody said what the network is here, and may have moved the machine to another.
  if grep -q '^ip=' "$parameters" 2>/dev/null; then
    echo "left the old system's network: kernel parameters say how it is"
    return
  fi
  [ -d "$state/network" ] || { echo "missing network"; return; }
  model=$(saved_network "$state/network" | jq -c -L "$here" 'include "network"; network')
  [ -n "$model" ] || { echo "missing network: what was saved could not be read"; return; }
  case "$network" in
    ip) restore_network_with_ip ;;
    units) restore_network_with_units ;;
  esac
  model_program '.left[] | "left \(.)"'
}

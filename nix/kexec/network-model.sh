# shellcheck shell=sh
# Sourced by kexec/run before the jump and by restore after it, so that both see the same network. Needs jq.

# Prints all that was saved of the network in <folder> as one object, which network.jq reads. What cannot be read stands for
# nothing, so that a broken file costs only its own part, and is said with `no_part`.
saved_network() { # <folder>
  {
    for name in links routes4 routes6 rules4 rules6 vlans teams; do
      if [ -s "$1/$name.json" ] && jq -c --arg name "$name" '{($name): .}' "$1/$name.json" 2>/dev/null; then continue; fi
      case "$name" in
        vlans | teams) ;; # only some machines have them
        *) no_part "$name" ;;
      esac
    done
    for name in resolv.conf other-resolvers dhcp4 cards daemon-routes; do
      [ ! -s "$1/$name" ] || jq -cRs --arg name "$name" '{($name): .}' "$1/$name"
    done
  } | jq -cs 'add // {}'
}

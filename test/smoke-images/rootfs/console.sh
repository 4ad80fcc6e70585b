# shellcheck shell=dash
# Sourced: how the smoke images talk to their consoles, one fact a line.

# By its path: busybox sh would take its own ip, which knows no JSON.
ip() { /sbin/ip "$@"; }

consoles=$(cat /sys/class/tty/console/active 2>/dev/null)
consoles=${consoles:-console}
say() {
  for console in $consoles; do
    echo "smoke: $*" >"/dev/$console"
  done
} 2>/dev/null
say_lines() { while IFS= read -r line; do say "$line"; done; }

# What the image is, from when it was built.
fact() { sed -n "s/^$1=//p" /etc/smoke; }

parameter() { # is the word <name> on the kernel command line?
  tr ' ' '\n' </proc/cmdline | grep -qx "$1"
}

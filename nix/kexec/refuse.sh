# shellcheck shell=sh
# What stops `run` before anything is lost. Sourced by run; each function returns, or says why not and exits 1.
# Those that can be wrong about a machine only warn under --force.
: "${here:?}" "${image_arch:?}" "${force:?}" "${to_go_on:?}" "${called_by:?}"

mebibytes() { echo "$((($1 + 1048575) / 1048576)) MiB"; }

meminfo() { # <field> -> bytes
  while read -r field kilobytes _; do
    [ "$field" != "$1:" ] || { echo $((kilobytes * 1024)); return; }
  done </proc/meminfo
}

refuse() { # <sentence>
  if [ "$force" = yes ]; then
    warn "$1; going on because of --force"
  else
    fail "$1; nothing was changed (to go on all the same: $to_go_on)"
  fi
}

# Needs nothing but the shell: id may be missing.
refuse_unless_root() {
  while read -r field effective _; do
    [ "$field" != Uid: ] || break
  done </proc/self/status
  [ "${effective-}" = 0 ] || fail "only root can start another kernel; use: sudo $0"
}

refuse_unless_tools_run() {
  if "$here/busybox" true 2>/dev/null; then
    arch=$("$here/busybox" uname -m)
    case "$arch" in i?86) arch=x86_64 ;; esac # a 32-bit userland, or setarch
    [ "$arch" = "$image_arch" ] && return
  else
    arch=$(uname -m 2>/dev/null || echo unknown)
  fi
  [ "$arch" = "$image_arch" ] || [ "$arch" = unknown ] ||
    fail "this tarball is for $image_arch and this machine is $arch; download the one for $arch"
  fail "programs in $here cannot be run, probably because the file system is mounted noexec; unpack the tarball elsewhere, e.g. in /root"
}

# nixos-anywhere goes on when its download failed: what is here is then older than the script that it had just written.
refuse_older_unpack() {
  [ -e "$called_by" ] || return 0
  unpacked=$("$here/busybox" stat -c %Z "$here/image.conf")
  [ "$unpacked" -ge "$("$here/busybox" stat -c %Y "$called_by")" ] ||
    refuse "nixos-anywhere's download failed, and what lies in $here is an image that was unpacked at $("$here/busybox" date -u -d "@$unpacked" '+%Y-%m-%d %H:%M UTC'); see above what the download said, and start nixos-anywhere again"
}

# A folder for this run alone, with room for a copy of the initrd.
make_work_folder() {
  needed=$(($("$here/busybox" stat -c %s "$here/initrd") / 1024 + 8192))
  for folder in "${TMPDIR-}" "$here" /var/tmp /tmp /run /dev/shm; do
    [ -d "$folder" ] || continue
    folder=$(cd "$folder" && pwd -P) # TMPDIR may be relative
    # shellcheck disable=SC2016 # awk's field
    free=$("$here/busybox" df -Pk "$folder" 2>/dev/null | "$here/busybox" awk 'NR == 2 {print $4}')
    [ "${free:-0}" -ge "$needed" ] || continue
    work=$folder/kexec-run.$$
    if "$here/busybox" mkdir -m 700 "$work" 2>/dev/null; then
      # On a tmpfs the copy takes memory as well.
      case "$("$here/busybox" stat -f -c %T "$folder")" in
        tmpfs | ramfs) work_in_memory=yes ;;
        *) work_in_memory=no ;;
      esac
      return
    fi
  done
  fail "no folder that can be written to has $(mebibytes $((needed * 1024))) free for a copy of the initrd (tried TMPDIR, $here, /var/tmp, /tmp, /run); set TMPDIR to one; nothing was changed"
}

# The kernel's own threads are seen from the machine itself and from no container. (Files such as /.dockerenv also stand
# on machines whose disk was made from a container image.)
container() {
  [ "$(cat /proc/2/comm 2>/dev/null)" != kthreadd ] || return 0
  if [ -s /run/systemd/container ]; then
    cat /run/systemd/container
  elif [ -e /.dockerenv ]; then
    echo docker
  elif [ -e /run/.containerenv ]; then
    echo podman
  else
    tr '\0' '\n' </proc/1/environ 2>/dev/null | sed -n 's/^container=//p' | grep . || echo "of an unknown kind"
  fi
}

secure_boot() {
  for variable in /sys/firmware/efi/efivars/SecureBoot-*; do
    # Four bytes of attributes, then the value. Read in one go: efivarfs knows no seeking.
    # shellcheck disable=SC2016 # awk's field
    [ "$(od -An -tu1 "$variable" 2>/dev/null | awk '{print $5}')" = 1 ] && return 0
  done
  return 1
}

refuse_where_kexec_cannot_work() {
  inside=$(container)
  [ -z "$inside" ] || refuse "this is a container ($inside), which shares its kernel with others; run this on the machine itself"
  if [ -e /proc/sys/kernel/kexec_load_disabled ] && [ "$(cat /proc/sys/kernel/kexec_load_disabled)" = 1 ]; then
    fail "kexec is switched off until the next boot (sysctl kernel.kexec_load_disabled = 1); take that setting out of /etc/sysctl.d, reboot and try again; nothing was changed"
  fi
  if [ "$(cat /sys/hypervisor/type 2>/dev/null)" = xen ] && [ "$(cat /sys/hypervisor/guest_type 2>/dev/null)" = PV ]; then
    refuse "this is a Xen PV guest, where kexec does not work; boot the ISO or netboot image instead"
  fi
  lockdown=$(sed -n 's/.*\[\(.*\)\].*/\1/p' /sys/kernel/security/lockdown 2>/dev/null || :)
  case "$lockdown" in
    integrity | confidentiality)
      because=
      ! secure_boot || because=", because Secure Boot is on"
      refuse "the kernel is locked down ($lockdown$because) and starts signed kernels only; switch Secure Boot or the lockdown= parameter off and reboot" ;;
  esac
}

# Without a way in, the machine would be lost: count keys that give a shell. The installer's sshd takes a password, too.
refuse_without_login() {
  [ "${login_keys:?}" = 0 ] && [ ! -s "$work/initrd.d/customisation/password-hash" ] || return 0
  cure="put one into /root/.ssh/authorized_keys, or where sshd's AuthorizedKeysFile says"
  elsewhere=$(users_with_keys | head -n 3)
  if [ -n "$elsewhere" ]; then
    user=${elsewhere%% *}
    cure="$(echo "$elsewhere" | sed 's/^\([^ ]*\) \(.*\)/\1 has one in \2/' | paste -s -d ';' | sed 's/;/; /g'): run $0 --keys-of $user"
  fi
  refuse "no SSH key that may log in was found for root${caller:+ or $caller}, so nobody could reach the installer; $cure"
}

# The address by which the caller is logged in. sshd tells it to the session; sudo and su drop it on the way.
login_address() {
  connection=${SSH_CONNECTION-}
  process=$$
  while [ -z "$connection" ] && [ "${process:-0}" -gt 1 ]; do
    connection=$(tr '\0' '\n' <"/proc/$process/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=//p')
    process=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$process/status" 2>/dev/null)
  done
  # shellcheck disable=SC2086 # client, its port, server, its port
  set -- $connection
  printf %s "${3-}"
}

# run sets state and dry_run before it comes here.
# shellcheck disable=SC2154
# What the installer cannot bring up is said, and stops the jump where it is the way to this machine.
refuse_without_network() {
  saved_network "$state/network" |
    jq -r -L "$here" --arg login "$(login_address)" -f "$here/before-jump.jq" >"$work/before-jump" ||
    fail "what was saved of the network could not be read back; nothing was changed"
  sed -n 's/^left //p' "$work/before-jump" >"$work/left"
  sed -n 's/^lost //p' "$work/before-jump" >"$work/lost"
  # A dry run that comes to its end has a list of its own.
  if [ "$dry_run" = no ] || [ -s "$work/lost" ]; then
    while IFS= read -r sentence; do left_behind "$sentence"; done <"$work/left"
  fi
  [ -s "$work/lost" ] || return 0
  # The installer restores nothing of the network then.
  case " $(cat "$work/initrd.d/customisation/cmdline" 2>/dev/null) $extra_parameters" in *" ip="*) return 0 ;; esac
  refuse "$(awk 'NR > 1 { printf "; " } { printf "%s", $0 }' "$work/lost")"
}

# What the kernel takes up once it runs, by its own header: Documentation/arch/x86/boot.rst (init_size),
# Documentation/arch/arm64/booting.rst (image_size). Four times its size for kernels without such a header.
kernel_in_memory() {
  if [ "$(od -An -c -j514 -N4 "$here/bzImage" 2>/dev/null | tr -d ' ')" = HdrS ]; then
    od -An -tu4 -j608 -N4 "$here/bzImage"
  elif [ "$(od -An -c -j56 -N3 "$here/bzImage" 2>/dev/null | tr -d ' ')" = ARM ]; then
    od -An -tu8 -j16 -N8 "$here/bzImage"
  else
    echo $((kernel * 4))
  fi
}

# run sets store_urls, extra_parameters and image_store before it comes here.
# A lean image fetches its system once it runs. Where from, nobody can say any more by then.
refuse_without_store() {
  if [ -z "${image_store-}" ]; then
    [ -z "$store_urls" ] || say "this installer is complete and fetches nothing: --store-url is not used"
    store_urls=
    return
  fi
  [ -z "$store_urls" ] || return 0
  [ -z "$(fact address)" ] || return 0
  case "$extra_parameters $(cat "$work/initrd.d/customisation/cmdline" 2>/dev/null)" in
    *live.nixos.store=*) return 0 ;;
  esac
  refuse "this is a lean installer, which fetches its system ($(mebibytes "$image_store")) once it runs, and it does not know where from; say so with --store-url http://SERVER/..., the address of the store that was published with this tarball"
}

# The same system with less memory, where there is such an image: it fetches what this one brings.
or_lean() {
  lean=$(fact lean)
  [ -n "$lean" ] && [ "$total" -ge "$lean" ] || return 0
  echo ". A lean image, which fetches its system once it runs, needs $(mebibytes "$lean") in all: /kexec/$image_arch/lean, where the server has one"
}

refuse_without_memory() {
  initrd=$(stat -c %s "$here/initrd")
  kernel=$(stat -c %s "$here/bzImage")
  # The kernel holds what it was given while it copies it; and pages that it gets where the new one will run are set
  # aside until it is done, which on small machines comes near to all of that place.
  load_needs=$((2 * (initrd + kernel) + $(kernel_in_memory) + 16777216))
  [ "$work_in_memory" = no ] || load_needs=$((load_needs + initrd))
  # The installer's kernel holds the packed initrd while it unpacks it, and needs room to work. A lean one has let go of that when
  # it fetches its store.
  later=$initrd
  [ "${image_store:-0}" -le "$initrd" ] || later=$image_store
  boot_needs=$((kernel + later + ${image_unpacked:-$((initrd * 2))} + 67108864))
  available=$(meminfo MemAvailable)
  total=$(meminfo MemTotal)
  [ "${available:-$load_needs}" -ge "$load_needs" ] ||
    refuse "loading the installer takes $(mebibytes "$load_needs") of memory and $(mebibytes "$available") are available; stop some services and try again$(or_lean)"
  [ "$total" -ge "$boot_needs" ] ||
    refuse "the installer needs $(mebibytes "$boot_needs") of memory and this machine has $(mebibytes "$total")$(or_lean)"
}

# Last, because what comes before can be tried out on any machine.
refuse_without_kexec() {
  [ -e /sys/kernel/kexec_loaded ] || [ ! -d /sys/kernel ] ||
    refuse "this kernel was built without kexec (CONFIG_KEXEC); install the distribution's usual kernel, or boot the ISO or netboot image"
}

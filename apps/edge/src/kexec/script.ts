import type { Arch, Sha256, Variant, Version } from '@nixos-images/shared';

/** One tarball that the script may download. */
export interface ScriptTarball {
  readonly arch: Arch;
  /** The whole pinned address. */
  readonly address: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: Sha256;
  /** Where its initrd fetches its store from, if it is lean. */
  readonly store?: string;
}

/** What a customised script says and adds. */
export interface ScriptCustomisation {
  /** Whose keys are let in: said before anything is done. */
  readonly notice: readonly string[];
  /** The files of the customisation, text in whole lines. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

export interface KexecScript {
  /** The address that the script itself is at. */
  readonly address: string;
  readonly version: Version;
  readonly variant: Variant;
  readonly smoke: boolean;
  readonly tarballs: readonly ScriptTarball[];
  readonly customisation?: ScriptCustomisation;
}

/** Marks the end of a file in the script; no line of one can be this. */
const END = 'nixos-images-end-of-file';

/**
 * A POSIX shell script for `curl … | sh`, which downloads the tarball of the machine's architecture, holds it against the
 * digest that stands in the script, unpacks it and starts `kexec/run`.
 *
 * Whatever of it arrives, it does nothing before its last line, which is a closing brace: a shell runs no function call in braces that
 * it has not read whole. ASCII, since yash stops at anything else in the C locale; `echo`, since mksh has no `printf`.
 */
export function kexecScript({ address, version, variant, smoke, tarballs, customisation }: KexecScript): string {
  const image = `${smoke ? 'smoke image (not NixOS)' : 'NixOS'} ${version}, ${variant}`;
  const arches = tarballs.map(({ arch }) => arch).join(' ');
  return `#!/bin/sh
# ${image}: replaces the Linux that runs here with the installer, by kexec.
# It keeps SSH keys, host keys and network, and changes no disk. usage:
#   curl -L ${address} | sh
#   curl -L ${address} | sh -s -- --dry-run    or another option of kexec/run
nixos_images_kexec() {
  set -eu
  unset CDPATH IFS
  umask 077
  LC_ALL=C
  PATH=\${PATH:-}:/usr/sbin:/usr/bin:/sbin:/bin
  export LC_ALL PATH

  case \${1:-} in
    -h | --help)
      echo 'usage: curl -L ${address} | sh -s -- [OPTION OF kexec/run ...]'
      echo 'Downloads ${image}, checks it and boots into it.'
      echo '--dry-run shows what would be taken along; --force goes on where a refusal could be wrong.'
      return 0 ;;
  esac

  machine=$(uname -m)
  # A 32-bit userland, or setarch(8), has uname say what the kernel is not.
  if [ -r /proc/sys/kernel/arch ]; then read -r machine </proc/sys/kernel/arch; fi
  case $machine in
    x86_64 | amd64) arch=x86_64 ;;
    aarch64 | arm64 | armv8*) arch=aarch64 ;;
    i?86) arch=x86_64 && only_64_bit ;;
    arm*) arch=aarch64 && only_64_bit ;;
    *) fail "there is no image for $machine machines, only for: ${arches}" ;;
  esac
  case $arch in
${tarballs
  .map(
    (tarball) =>
      `    ${tarball.arch})\n      url=${tarball.address}\n      size=${tarball.size} room=${roomFor(tarball)}\n      sha256=${tarball.sha256}${tarball.store === undefined ? '' : `\n      set -- --store-url ${tarball.store} "$@"`} ;;\n`,
  )
  .join('')}    *) fail "there is no image for $arch machines, only for: ${arches}" ;;
  esac

  echo '${image}'
${(customisation?.notice ?? []).map((line) => `  echo 'CUSTOMISED: ${plainWords(line)}'\n`).join('')}
  as_root=
  if [ "$(id -u 2>/dev/null || echo 0)" != 0 ]; then
    if have sudo; then as_root=sudo
    elif have doas; then as_root=doas
    else fail 'only root can start another kernel, and there is neither sudo nor doas here; become root, then run it again'
    fi
  fi

  megabytes=$((size / 1000000))
  choose_folder "$room"
  trap 'rm -rf "$folder"' EXIT
  trap 'exit 1' HUP INT TERM
  download
  check
  unpack
${customisation === undefined ? '' : `  customise\n`}
  status=0
  # What runs from here on needs the folder until the machine is gone.
  TMPDIR=$folder $as_root sh "$folder/kexec/run" "$@" </dev/null || status=$?
  case " $* " in *' --dry-run '*) ;; *) if [ $status -eq 0 ]; then trap - EXIT; fi ;; esac
  # What it says of itself is gone with the folder.
  if [ $status -eq 1 ]; then echo 'to give it an option: curl -L ${address} | sh -s -- --force' >&2; fi
  return $status
}

have() { command -v "$1" >/dev/null 2>&1; }

fail() {
  echo "kexec.sh: $*" >&2
  exit 1
}

only_64_bit() {
  # The kernel shows addresses as zeros to some, but always in their full length.
  first=
  if [ -r /proc/kallsyms ]; then read -r first rest </proc/kallsyms || :; fi
  [ \${#first} -eq 16 ] || fail "this machine runs a 32-bit kernel ($machine), which cannot start a 64-bit one"
}

# The first folder with room for the tarball and what is in it, in KiB.
choose_folder() {
  for base in "\${HOME:-/root}" /root /var/tmp "\${TMPDIR:-/tmp}" /tmp /dev/shm; do
    if [ ! -d "$base" ] || [ ! -w "$base" ]; then continue; fi
    free=$(df -Pk "$base" 2>/dev/null | while read -r _ _ _ available _; do echo "$available"; done | tail -n 1)
    case $free in '' | *[!0-9]*) continue ;; esac
    if [ "$free" -lt "$1" ]; then continue; fi
    folder=$(mktemp -d "$base/nixos-images.XXXXXX" 2>/dev/null) || folder=$base/nixos-images.$$
    if [ -d "$folder" ] || mkdir "$folder" 2>/dev/null; then return 0; fi
  done
  fail "there is no room: a folder with $(($1 / 1024)) MiB free is needed; set TMPDIR to one"
}

# A download that broke goes on where it stopped; curl itself does not do that. By HTTP, too, where there are no certificates
# or the clock is wrong: the digest is what is believed.
download() {
  file=$folder/tarball
  echo "downloading $megabytes MB from $url"
  tries=0
  while [ "$(size_of "$file")" -lt "$size" ]; do
    if [ $tries -ge 8 ]; then
      fail "$url cannot be downloaded ($(size_of "$file") of $size bytes came); look at network and name resolution, then run it again"
    fi
    if [ $tries -gt 0 ]; then sleep 2; fi
    case $tries in 1 | 3 | 5 | 7) fetch "http://\${url#*://}" || : ;; *) fetch "$url" || : ;; esac
    tries=$((tries + 1))
  done
}

fetch() {
  if have curl; then curl -fsSL --connect-timeout 20 --speed-limit 1 --speed-time 60 -C - -o "$file" "$1"
  # GNU's alone knows --version. No -T for busybox's: Debian's static one of 1.35 crashes on it.
  elif have wget && wget --version >/dev/null 2>&1; then wget -q -T 60 -t 1 -c -O "$file" "$1"
  elif have wget; then wget -q -c -O "$file" "$1"
  elif have busybox; then busybox wget -q -c -O "$file" "$1"
  else fail 'neither curl nor wget is here; install one of them'
  fi
}

size_of() {
  if [ -f "$1" ]; then wc -c <"$1"; else echo 0; fi
}

check() {
  if have sha256sum; then checker=sha256sum found=$(sha256sum <"$file")
  elif have openssl; then checker=openssl found=$(openssl dgst -sha256 -r <"$file")
  elif have shasum; then checker=shasum found=$(shasum -a 256 <"$file")
  elif have busybox && found=$(busybox sha256sum <"$file" 2>/dev/null); then checker=busybox
  else
    # Against a broken download this is as good; against a forged one it is not.
    unpack
    checker="the tarball's own busybox" found=$("$folder/kexec/busybox" sha256sum <"$file")
  fi
  if [ "\${found%% *}" != "$sha256" ]; then
    fail "what came from $url is not what was published (SHA-256 \${found%% *}, expected $sha256); nothing was started"
  fi
  echo "SHA-256 is right ($checker)"
}

unpack() {
  if have gzip && have tar; then gzip -dc "$file" | tar -xf - -C "$folder"
  elif have tar; then tar -xzf "$file" -C "$folder"
  elif have busybox; then busybox tar -xzf "$file" -C "$folder"
  else fail 'there is no tar here; install one'
  fi
  [ -f "$folder/kexec/run" ] || fail "unpacking the tarball in $folder did not work"
}
${customisation === undefined ? '' : `\n${customise(customisation)}`}
{ nixos_images_kexec "$@"
}
`;
}

/** Words that stand between single quotes, which nothing in them ends, and that every `echo` prints as they are. */
function plainWords(text: string): string {
  return text.replace(/[^\w .,:/@()+=<>-]/g, '');
}

/** KiB that the tarball and what is in it take. */
function roomFor({ size }: ScriptTarball): number {
  return Math.ceil((size * 2) / 1024) + 64 * 1024;
}

/**
 * The function that writes the customisation in the form in which the tarball brings one: a cpio archive in place of zeros. What stands in
 * it is quoted: nothing in it is expanded. The archive is made by the tarball's busybox, which is checked by then.
 */
function customise({ files }: ScriptCustomisation): string {
  const names = ['customisation', ...files.map(({ name }) => `customisation/${name}`)];
  return `customise() {
  mkdir "$folder/customisation"
${files.map(({ name, text }) => `  cat >"$folder/customisation/${name}" <<'${END}'\n${text}${END}\n`).join('')}  (
    cd "$folder"
    kexec/busybox cpio -o -H newc >kexec/customisation.img 2>/dev/null <<'${END}'
${names.join('\n')}
${END}
  )
  rm -r "$folder/customisation"
}
`;
}

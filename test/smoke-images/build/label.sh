# shellcheck shell=sh
# Sourced by the image builders. Makes label.initrd: what tells one image from another inside the booted system; and
# defines write_image_json. In: $kind $arch $variant $channel $version $image $build,
# and $store where the image is lean.
: "${kind:?}" "${arch:?}" "${variant:?}" "${channel:?}" "${version:?}" "${image:?}" "${build:?}" "${base:?}" "${out:?}"

mkdir -p label/etc
cat >label/etc/os-release <<EOF
ID=nixos
NAME="NixOS SMOKE image"
PRETTY_NAME="SMOKE image, not NixOS: Debian's kernel and busybox in the form of a NixOS installer ($version)"
VARIANT="SMOKE $kind $variant"
VARIANT_ID=installer
VERSION_ID="$version"
BUILD_ID="$version"
EOF
printf 'kind=%s\narch=%s\nvariant=%s\nchannel=%s\nversion=%s\n' "$kind" "$arch" "$variant" "$channel" "$version" >label/etc/smoke
# A lean image also says what its store is.
if [ -n "${store-}" ]; then
  mkdir label/smoke
  cp "$store/facts" label/smoke/store
fi
sh "$build/pack.sh" label label.initrd

case "$arch" in
  # no_timer_check: on a busy machine an emulator's first timer ticks come late, and the kernel would panic over it.
  x86_64) consoles="console=tty0 console=ttyS0,115200 no_timer_check" ;;
  aarch64) consoles="console=tty0 console=ttyAMA0,115200" ;;
esac
# No panic without an end: a machine that nobody watches comes back by itself.
# shellcheck disable=SC2034 # for the scripts that source this one
parameters="$consoles panic=30 loglevel=4"

# A member of the JSON object of files, and the file itself.
files_member=
if [ -n "${store-}" ]; then
  # shellcheck disable=SC2034 # for the scripts that source this one
  files_member=', store: "store"'
  cp "$store/store" "$out/store"
fi

# Completes what the flake knows of the image with <a jq object> that describes its files.
write_image_json() {
  echo "$image" | jq --arg kernel "${ipxe_version-$(cat "$base/kernel-version")}" \
    "{schema: 1} + . + {kernelVersion: \$kernel} + $1" >"$out/image.json"
}

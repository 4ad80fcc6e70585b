# shellcheck shell=sh
# Kernel and initrd for netboot, and the stub that makes one EFI file of them. Out: $out/kernel, $out/initrd, $out/stub,
# $out/image.json.
set -eu
: "${debs:?}"
mkdir "${out:?}"
# shellcheck source=test/smoke-images/build/label.sh
. "${build:?}/label.sh"

cp "$base/kernel" "$out/kernel"
cat "$base/initrd" label.initrd >"$out/initrd"
stub_member=
# The command line of an EFI file is written when the image is built, when nobody knows where a lean image's store will be.
if [ -z "${store-}" ]; then
  dpkg-deb -x "$debs/systemd-boot-efi.deb" packages
  case "$arch" in
    x86_64) stub=linuxx64.efi.stub ;;
    aarch64) stub=linuxaa64.efi.stub ;;
  esac
  cp "packages/usr/lib/systemd/boot/efi/$stub" "$out/stub"
  stub_member=', stub: "stub"'
fi
# shellcheck disable=SC2086 # one JSON string for each parameter
write_image_json "{files: {kernel: \"kernel\", initrd: \"initrd\"$stub_member$files_member}, unpacked: $(cat "$base/unpacked"), init: \"/init\", kernelParams: $(
  printf '%s\n' $parameters | jq -R . | jq -cs .
)}"

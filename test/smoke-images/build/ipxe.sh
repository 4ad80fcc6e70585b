# shellcheck shell=sh
# iPXE as Debian compiles it, and a CD and stick that start it with the script of nix/ipxe. Debian's programs have no script in them: they
# load autoexec.ipxe from where they came from. Out: $out/ipxe.efi, $out/ipxe.iso,
# $out/image.json.
set -eu
: "${debs:?}" "${ipxe:?}" "${arch:?}"
mkdir "${out:?}"
# shellcheck source=test/smoke-images/build/label.sh
. "${build:?}/label.sh"

mkdir packages parts
for deb in "$debs"/ipxe.deb "$debs"/isolinux.deb "$debs"/syslinux-common.deb; do
  [ ! -e "$deb" ] || dpkg-deb -x "$deb" packages
done
programs=packages/usr/lib/ipxe
cp "$programs/ipxe-arm64.efi" parts/BOOTAA64.EFI
case "$arch" in
  x86_64)
    cp "$programs/ipxe-amd64.efi" parts/BOOTX64.EFI
    cp "$programs/ipxe.lkrn" packages/usr/lib/ISOLINUX/isolinux.bin packages/usr/lib/ISOLINUX/isohdpfx.bin \
      packages/usr/lib/syslinux/modules/bios/ldlinux.c32 parts/
    cp parts/BOOTX64.EFI "$out/ipxe.efi" ;;
  aarch64) cp parts/BOOTAA64.EFI "$out/ipxe.efi" ;;
esac
sh "$ipxe/script" >parts/autoexec.ipxe
address=$(sh "$ipxe/pack" parts "$out")
# shellcheck disable=SC2034 # for label.sh
ipxe_version=$(dpkg-deb -f "$debs/ipxe.deb" Version | sed 's/[^0-9.].*//')
write_image_json "{files: {efi: \"ipxe.efi\", iso: \"ipxe.iso\", img: \"ipxe.iso\"}, address: $address}"

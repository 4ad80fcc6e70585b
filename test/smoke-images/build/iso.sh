# shellcheck shell=sh
# An ISO that boots from CD and USB, by BIOS (isolinux) and UEFI (GRUB), with a zero-filled file that both load as a second
# initrd: the customisation area. Out: $out/smoke.iso, $out/image.json.
set -eu
: "${debs:?}"
mkdir "${out:?}"
# shellcheck source=test/smoke-images/build/label.sh
. "${build:?}/label.sh"

area_length=65536
iso=$PWD/iso
mkdir -p "$iso/boot/grub" packages
for deb in "$debs"/isolinux.deb "$debs"/syslinux-common.deb "$debs"/grub-efi-*-bin.deb; do
  [ ! -e "$deb" ] || dpkg-deb -x "$deb" packages
done
cp "$base/kernel" "$iso/boot/kernel"
cat "$base/initrd" label.initrd >"$iso/boot/initrd"
truncate -s "$area_length" "$iso/boot/customisation.img"
# What GRUB looks for to find its disc among others.
echo "$version" >"$iso/boot/smoke-$version"

case "$arch" in
  x86_64) grub_platform=x86_64-efi efi_name=BOOTX64.EFI ;;
  aarch64) grub_platform=arm64-efi efi_name=BOOTAA64.EFI ;;
esac
cat >grub-early.cfg <<EOF
search --no-floppy --set=root --file /boot/smoke-$version
set prefix=(\$root)/boot/grub
configfile (\$root)/boot/grub/grub.cfg
EOF
cat >"$iso/boot/grub/grub.cfg" <<EOF
set timeout=1
menuentry "SMOKE image $version (not NixOS)" {
  linux /boot/kernel $parameters
  initrd /boot/initrd /boot/customisation.img
}
EOF
grub-mkimage --directory "packages/usr/lib/grub/$grub_platform" --format "$grub_platform" --config grub-early.cfg \
  --prefix /boot/grub --output "$efi_name" \
  part_gpt part_msdos fat iso9660 search search_fs_file configfile normal linux echo test
truncate -s "$(($(stat -c %s "$efi_name") / 1024 + 256))K" "$iso/boot/efi.img"
# A fixed serial number: mtools takes the time of day otherwise.
mformat -i "$iso/boot/efi.img" -v SMOKE -N 5300e000 -T "$(($(stat -c %s "$iso/boot/efi.img") / 512))" -h 1 -s 1 ::
mmd -i "$iso/boot/efi.img" ::/EFI ::/EFI/BOOT
mcopy -m -i "$iso/boot/efi.img" "$efi_name" "::/EFI/BOOT/$efi_name"

set -- -as mkisofs -quiet -V SMOKE -r -J
if [ "$arch" = x86_64 ]; then
  mkdir "$iso/isolinux"
  cp packages/usr/lib/ISOLINUX/isolinux.bin packages/usr/lib/syslinux/modules/bios/ldlinux.c32 "$iso/isolinux/"
  cat >"$iso/isolinux/isolinux.cfg" <<EOF
SERIAL 0 115200
DEFAULT smoke
PROMPT 0
SAY SMOKE image $version (not NixOS)
LABEL smoke
  KERNEL /boot/kernel
  APPEND initrd=/boot/initrd,/boot/customisation.img $parameters
EOF
  set -- "$@" -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table \
    -isohybrid-mbr packages/usr/lib/ISOLINUX/isohdpfx.bin -eltorito-alt-boot
fi
find "$iso" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
xorriso "$@" -e boot/efi.img -no-emul-boot -isohybrid-gpt-basdat -o "$out/smoke.iso" "$iso"

# Extents start at 2048-byte blocks; xorriso prints the first one in decimal.
block=$(xorriso -indev "$out/smoke.iso" -find /boot/customisation.img -exec report_lba -- 2>/dev/null |
  sed -n 's/^File data lba: *[0-9]* *, *\([0-9]*\) *,.*/\1/p')
offset=$((block * 2048))
[ "$(dd if="$out/smoke.iso" bs=2048 skip="$block" count=$((area_length / 2048)) 2>/dev/null | tr -d '\0' | wc -c)" = 0 ] ||
  { echo "the customisation area at $offset is not empty" >&2; exit 1; }
write_image_json "{files: {iso: \"smoke.iso\"}, customisation: {offset: $offset, length: $area_length}}"

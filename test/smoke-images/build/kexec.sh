# shellcheck shell=sh
# The kexec tarball: kexec/ with the same run script as the NixOS images. Out: $out/kexec.tar.gz, $out/image.json.
set -eu
: "${tools:?}" "${kexec:?}"
mkdir "${out:?}"
# shellcheck source=test/smoke-images/build/label.sh
. "${build:?}/label.sh"

mkdir kexec
cp "$kexec/run" "$kexec"/*.sh "$kexec"/*.awk "$kexec"/*.jq "$tools/kexec" "$tools/ip" "$tools/jq" "$base/busybox" kexec/
cp "$base/kernel" kexec/bzImage
cat "$base/initrd" label.initrd >kexec/initrd
cat >kexec/image.conf <<EOF
arch=$arch
cmdline=$parameters
unpacked=$(cat "$base/unpacked")
EOF
[ -z "${store-}" ] || sed -n 's/^size=/store=/p' "$store/facts" >>kexec/image.conf
chmod 755 kexec kexec/run kexec/kexec kexec/ip kexec/jq kexec/busybox
chmod 644 kexec/initrd kexec/bzImage kexec/image.conf kexec/*.sh kexec/*.awk kexec/*.jq
# Kernel and initrd are compressed already, so trying harder gains nothing.
customisation=$(sh "$kexec/pack" "$PWD" "$out/kexec.tar.gz")
write_image_json "{files: {tarball: \"kexec.tar.gz\"$files_member}, customisation: $customisation, unpacked: $(cat "$base/unpacked")}"

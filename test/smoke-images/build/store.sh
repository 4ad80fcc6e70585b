# shellcheck shell=sh
# The store of the lean images: the root of another smoke image as a squashfs, and what their initrd must know to fetch it.
# In: $system_root (the base whose root it is). Out: $out/store, $out/facts.
set -eu
: "${system_root:?}" "${out:?}"
mkdir root "$out"
# zstd minds the zeros at the end; cpio would mind a missing end.
(cd root && { zstd -qdc "$system_root/initrd" 2>/dev/null || :; } | cpio --quiet -idm --no-absolute-filenames)
# Blocks of a mebibyte; zstd, because it is unpacked for as long as the machine runs.
mksquashfs root "$out/store" -comp zstd -Xcompression-level 19 -b 1M -all-root -no-xattrs -noappend -quiet -no-progress
cat >"$out/facts" <<FACTS
name=smoke-store
size=$(stat -c %s "$out/store")
sha256=$(sha256sum <"$out/store" | cut -d ' ' -f 1)
FACTS

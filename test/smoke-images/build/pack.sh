# shellcheck shell=sh
# Packs a folder into an initrd: newc, zstd, the same bytes each time, padded to 512 bytes because old UEFI iPXE joins
# initrds without a gap and the kernel wants an archive to start on 4 bytes.
# Usage: pack.sh FOLDER FILE
set -eu
find "$1" -exec touch -h -d "@${SOURCE_DATE_EPOCH:?}" {} +
(cd "$1" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0 | zstd -q -12) >"$2"
truncate -s %512 "$2"

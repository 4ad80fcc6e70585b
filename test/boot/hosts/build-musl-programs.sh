#!/bin/sh
# usage: build-musl-programs.sh PACKAGES OUT
# Builds busybox and dropbear out of the Debian source packages in the folder PACKAGES, linked dynamically to musl, into
# OUT; and puts musl's loader, which is its C library as well, beside them. musl and the kernel's headers come from the
# binary packages in PACKAGES; gcc, make, patch and dpkg-deb are the machine's.
set -eu
packages=$(cd "$1" && pwd -P)
out=$(cd "$2" && pwd -P)
work=$packages/build
mkdir "$work"
cd "$work"

mkdir root
for package in "$packages"/*.deb; do dpkg-deb -x "$package" root; done

# What Debian's musl-gcc does, with musl where it was unpacked.
library=$(echo root/usr/lib/*-linux-musl)
sed "s,/usr/\(lib\|include\)/[^/ ]*-linux-musl,$work/root&,g" "$library/musl-gcc.specs" >musl.specs
# The linker looks for the library beside its own files.
cp root/lib/*-linux-musl/libc.so "$library/libc.so"
cp "$library/libc.so" "$out/ld-musl-x86_64.so.1"
# The kernel's headers come last, and without those of glibc, which lie in the same folder.
mkdir headers
cp -R root/usr/include/linux root/usr/include/asm-generic root/usr/include/mtd root/usr/include/*-linux-gnu/asm headers/
CC="gcc -specs $work/musl.specs -idirafter $work/headers"
export CC

unpack() { # <package>
  mkdir "$1"
  rm -f "$packages/$1"_*.asc
  tar xf "$packages/$1"_*.orig.tar.* -C "$1" --strip-components=1
  tar xf "$packages/$1"_*.debian.tar.* -C "$1"
  sed 's/[[:space:]].*//; /^#/d; /^$/d' "$1/debian/patches/series" | while read -r patch; do
    patch -s -d "$1" -p1 <"$1/debian/patches/$patch"
  done
}

# Compilers say more than anyone reads, unless they fail.
quietly() { # <command…>
  "$@" >log 2>&1 || { tail -n 20 log >&2; exit 1; }
}

unpack busybox
quietly make -C busybox defconfig
quietly make -C busybox -j"$(nproc)" CC="$CC" busybox
cp busybox/busybox "$out/"

unpack dropbear
cd dropbear
# As OpenWrt's: root's keys are in dropbear's own folder. (22 is the length of what stood there before.)
sed -i -e 's|ses.authstate.pw_dir|"/etc"|' -e 's|/\.ssh|/dropbear|' -e '/len/s/22/32/' svr-authpubkey.c
printf '#define DROPBEAR_SVR_PASSWORD_AUTH 0\n#define DROPBEAR_CLIENT 0\n' >localoptions.h
# By --host it takes programs for ones that cannot be run here, as musl is not installed.
quietly ./configure --host=x86_64-linux-musl --disable-zlib --enable-bundled-libtom --disable-syslog \
  --disable-lastlog --disable-utmp --disable-utmpx --disable-wtmp --disable-wtmpx
quietly make -j"$(nproc)" PROGRAMS='dropbear dropbearconvert'
strip dropbear dropbearconvert
cp dropbear dropbearconvert "$out/"

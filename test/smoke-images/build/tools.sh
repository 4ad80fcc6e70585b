# shellcheck shell=sh
# The static programs of the kexec tarball, from Debian's sources: kexec, an `ip` that speaks JSON, and jq to read it.
# In: $arch $sources. Out: $out/kexec, $out/ip, $out/jq; and $out/bridge for the images themselves.
set -eu
: "${arch:?}" "${sources:?}" "${out:?}"

if [ "$arch" = "$(uname -m)" ]; then
  cross=
else
  cross=$arch-linux-gnu-
fi
command -v "${cross}gcc" >/dev/null ||
  { echo "${cross}gcc is missing; on Debian: apt-get install ${cross:+gcc-$arch-linux-gnu }${cross:-gcc libc6-dev}" >&2; exit 2; }

# Debian's patches are security fixes or do not matter here; none of them is left out.
unpack() { # <package>
  mkdir "$1"
  tar xf "$sources/$1".orig.tar.* -C "$1" --strip-components=1
  tar xf "$sources/$1".debian.tar.* -C "$1"
  sed 's/[[:space:]].*//; /^#/d; /^$/d' "$1/debian/patches/series" | while read -r patch; do
    patch -s -d "$1" -p1 <"$1/debian/patches/$patch"
  done
}

unpack kexec-tools
(
  cd kexec-tools
  # No zlib: the kernels that the tarballs hold are not compressed as a whole.
  ./configure --host="$arch-linux-gnu" --without-lzma --without-xen --without-zlib CC="${cross}gcc" LDFLAGS=-static
  # Nothing but kexec: the rest wants /bin/chmod, which only some systems have.
  make -s -j2 build/sbin/kexec
) >kexec-tools.log 2>&1 || { cat kexec-tools.log >&2; exit 1; }

unpack iproute2
(
  cd iproute2
  # What its configure script would find, without the libraries that `ip` can do without.
  cat >config.mk <<EOF
PKG_CONFIG := false
AR := ${cross}ar
CC := ${cross}gcc
TC_CONFIG_NO_XT := y
IP_CONFIG_SETNS := y
CFLAGS += -DHAVE_SETNS -DHAVE_HANDLE_AT -DNEED_STRLCPY
%.o: %.c
	\$(CC) \$(CFLAGS) \$(EXTRA_CFLAGS) \$(CPPFLAGS) -c -o \$@ \$<
EOF
  make -s -j2 SUBDIRS="lib ip bridge" SHARED_LIBS=n LDFLAGS=-static
) >iproute2.log 2>&1 || { cat iproute2.log >&2; exit 1; }

unpack jq
(
  cd jq
  # What its configure script would make; without regular expressions, which need a library that is not linked statically.
  echo '#define JQ_VERSION "1.6"' >src/version.h
  sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$/\\n"/' src/builtin.jq >src/builtin.inc
  rm src/inject_errors.c
  "${cross}gcc" -std=gnu99 -O2 -w -static -I. -D_GNU_SOURCE -DIEEE_8087 -DHAVE_ISATTY -DHAVE_MEMMEM -DHAVE_MKSTEMP -DHAVE_ATEXIT \
    -DHAVE_PTHREAD -DHAVE_PTHREAD_KEY_CREATE -DHAVE_PTHREAD_ONCE -DHAVE_FLOOR -o jq src/*.c -lm -lpthread
) >jq.log 2>&1 || { cat jq.log >&2; exit 1; }

mkdir "$out"
cp kexec-tools/build/sbin/kexec iproute2/ip/ip iproute2/bridge/bridge jq/jq "$out/"
"${cross}strip" "$out/kexec" "$out/ip" "$out/bridge" "$out/jq"

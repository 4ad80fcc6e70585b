# shellcheck shell=sh
# Kernel and initrd for netboot. Out: $out/kernel, $out/initrd, $out/image.json.
set -eu
mkdir "${out:?}"
# shellcheck source=test/smoke-images/build/label.sh
. "${build:?}/label.sh"

cp "$base/kernel" "$out/kernel"
cat "$base/initrd" label.initrd >"$out/initrd"
# shellcheck disable=SC2086 # one JSON string for each parameter
write_image_json "{files: {kernel: \"kernel\", initrd: \"initrd\"}, init: \"/init\", kernelParams: $(
  printf '%s\n' $parameters | jq -R . | jq -cs .
)}"

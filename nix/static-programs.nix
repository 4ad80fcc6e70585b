# Programs that start without the store's libraries: on the machine that is taken over, and in a lean image's stage 1. No cache has
# them, so they are built without libraries that are of no use here (./built-here.json). Which of these there are differs between
# channels.
{ lib, pkgs }:
let
  without =
    package: libraries:
    package.override (
      lib.intersectAttrs (lib.functionArgs package.override) (lib.genAttrs libraries (_: null))
    );
in
{
  inherit (pkgs.pkgsStatic) busybox;
  # db and python3 are for arpd and routel; iptables cannot be linked statically.
  iproute2 = without pkgs.pkgsStatic.iproute2 [
    "db"
    "iptables"
    "python3"
  ];
  # For kernels that are compressed with it, which ours is not where kexec would have to unpack it.
  kexec-tools = without pkgs.pkgsStatic.kexec-tools [ "zstd" ];
  # Without regular expressions, which network.jq does not use.
  jq = lib.getBin (pkgs.pkgsStatic.jq.override { onigurumaSupport = false; });
}

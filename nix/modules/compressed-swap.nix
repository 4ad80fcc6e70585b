# Swaps into compressed memory, for machines that have little of it.
{ lib, ... }:
{
  zramSwap = {
    enable = true;
    algorithm = lib.mkDefault "zstd";
    # Of memory, uncompressed: at three to one this takes half of it at most.
    memoryPercent = lib.mkDefault 150;
  };
  # Swap in memory is cheap: use it early. (zswap in front of it would compress twice.)
  boot.kernel.sysctl."vm.swappiness" = 180;
  systemd.tmpfiles.settings.zswap = lib.mkForce { };
}

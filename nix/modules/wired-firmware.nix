# Firmware of network cards with a cable, and no other: without it, servers are out of reach. It is a fiftieth of all that
# there is, most of which is for graphics and Wi-Fi.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  # Folders of linux-firmware.
  folders = [
    "bnx2" # Broadcom NetXtreme II
    "bnx2x"
    "cxgb3" # Chelsio
    "cxgb4"
    "e100" # Intel PRO/100
    "intel/ice" # Intel E800
    "liquidio" # Cavium
    "qed" # QLogic FastLinQ
    "rtl_nic" # Realtek
    "tigon" # Broadcom NetXtreme
  ];
in
{
  hardware.enableRedistributableFirmware = lib.mkForce false;
  hardware.firmware = [ config.system.build.wiredFirmware ];

  system.build.wiredFirmware = pkgs.runCommand "wired-firmware" { } ''
    mkdir -p "$out/lib/firmware"
    cd ${pkgs.linux-firmware}/lib/firmware
    cp --recursive --parents ${lib.escapeShellArgs folders} "$out/lib/firmware"
    dangling=$(find "$out" -xtype l)
    if [ -n "$dangling" ]; then
      echo "links that lead to none of the folders in nix/modules/wired-firmware.nix: $dangling" >&2
      exit 1
    fi
  '';
}

# Wi-Fi with iwd: `iwctl` asks for what it needs and completes names. The status screen starts it with the key w.
{ lib, ... }:
{
  networking.wireless = {
    # wpa_supplicant, which the installation profile turns on, would fight for the device.
    enable = lib.mkForce false;
    iwd = {
      enable = true;
      settings = {
        # networkd gives the address, like on every other port.
        General.EnableNetworkConfiguration = false;
        Settings.AutoConnect = true;
      };
    };
  };
}

# An address on every Ethernet port, by whatever the network offers, and a name on the local link.
{ lib, ... }:
{
  networking = {
    hostName = lib.mkDefault "nixos-installer";
    useNetworkd = true;
    useDHCP = true;
    networkmanager.enable = lib.mkForce false;
    # Only sshd listens, and it must be reachable.
    firewall.enable = lib.mkDefault false;
    # Temporary addresses would be one more line to choose from on the status screen.
    tempAddresses = lib.mkDefault "disabled";
  };

  # A name that a DHCP server sends would take the place of the one that the old system or live.nixos.hostname gave.
  systemd.network = {
    enable = true;
    # One port with an address is enough to be online.
    wait-online.anyInterface = true;
    networks = {
      "99-ethernet-default-dhcp" = {
        networkConfig = {
          MulticastDNS = "yes";
          # Lets the switch say which of its ports this is, and the other way round: networkctl lldp
          LLDP = "yes";
          EmitLLDP = "nearest-bridge";
        };
        # networkd's default changes with the machine-id, on every boot here. By this, the lease is the one that the
        # firmware had, and the address stays.
        dhcpV4Config.ClientIdentifier = "mac";
        dhcpV4Config.UseHostname = false;
        dhcpV6Config.UseHostname = false;
      };
      "99-wireless-client-dhcp" = {
        networkConfig.MulticastDNS = "yes";
        dhcpV4Config.UseHostname = false;
        dhcpV6Config.UseHostname = false;
      };
    };
  };

  # Answers nixos-installer.local. A link's own setting counts only where resolved as a whole may (resolved.conf(5)); a file, because
  # channels differ in the option that would write it.
  services.resolved.enable = true;
  environment.etc."systemd/resolved.conf.d/multicast-dns.conf".text = ''
    [Resolve]
    MulticastDNS=yes
  '';
}

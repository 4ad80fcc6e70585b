# SSH through a Tor onion service: reaches a machine behind any NAT, for who knows the address on its screen.
{
  services.tor = {
    enable = true;
    client.enable = true;
    relay.onionServices.ssh = {
      version = 3;
      map = [
        {
          port = 22;
          target.port = 22;
        }
      ];
    };
  };
}

{
  description = "What a user's flake with images of their own looks like, with and without mistakes (for the tests)";

  inputs.nixos-images.url = "github:nix-community/nixos-images";

  outputs =
    { self, nixos-images }:
    let
      nixpkgs = nixos-images.inputs.nixos-26_05;
      image =
        changes:
        nixos-images.lib.mkImage (
          {
            system = "x86_64-linux";
            kind = "iso";
            variant = "interactive";
            channel = "nixos-26.05";
            inherit nixpkgs;
          }
          // changes
        );
    in
    {
      right = {
        mkImage = image {
          modules = [
            { networking.hostName = "rescue"; }
          ];
        };
        modules =
          (nixpkgs.lib.nixosSystem {
            modules = [
              nixos-images.nixosModules.netboot
              nixos-images.nixosModules.low-memory
              {
                nixpkgs.hostPlatform = "aarch64-linux";
                nixosImage = {
                  variant = "tiny";
                  channel = "nixos-26.05";
                };
              }
            ];
          }).config.system.build.nixosImage;
      };

      large = image { modules = [ { nixosImage.sizeLimits.iso = 1; } ]; };

      wrong = {
        system = image { system = "i686-linux"; };
        kind = image { kind = "floppy"; };
        variant = image { variant = "colourful"; };
        channel = image { channel = "nixos-2605"; };
        option = image { modules = [ { services.openssh.enabel = true; } ]; };
        type = image { modules = [ { boot.kernelParams = "quiet"; } ]; };
        stage1 = image { modules = [ { boot.initrd.systemd.enable = nixpkgs.lib.mkForce false; } ]; };
        menu = image { modules = [ { isoImage.contents = nixpkgs.lib.mkForce [ ]; } ]; };
        unnamed =
          (nixpkgs.lib.nixosSystem {
            modules = [
              nixos-images.nixosModules.kexec
              { nixpkgs.hostPlatform = "x86_64-linux"; }
            ];
          }).config.system.build.nixosImage;
      };
    };
}

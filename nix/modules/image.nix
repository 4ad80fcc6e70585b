# What an image is, and how the booted system says so.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.nixosImage;
  arch = pkgs.stdenv.hostPlatform.uname.processor;
in
{
  options.nixosImage = {
    kind = lib.mkOption {
      type = lib.types.enum [
        "kexec"
        "netboot"
        "iso"
      ];
      internal = true;
      description = "What the image is for; the kind's module sets it.";
    };

    variant = lib.mkOption {
      type = lib.types.strMatching "[a-z][a-z0-9]*(-[a-z0-9]+)*";
      default = throw "nixosImage.variant is not set: name this flavour of the image, for example \"interactive\"";
      defaultText = lib.literalMD "none: must be set";
      example = "rescue";
      description = "Flavour of the image: lower-case words joined by dashes.";
    };

    channel = lib.mkOption {
      type = lib.types.strMatching "nixos-(unstable|[0-9]{2}\\.[0-9]{2})";
      default = throw "nixosImage.channel is not set: name the channel that nixpkgs comes from, for example \"nixos-26.05\"";
      defaultText = lib.literalMD "none: must be set";
      example = "nixos-26.05";
      description = "Stream of releases that the image belongs to.";
    };

    nixpkgs = {
      version = lib.mkOption {
        type = lib.types.strMatching "[0-9]{2}\\.[0-9]{2}\\.[0-9]{8}\\.[0-9a-f]{7,40}";
        default = config.system.nixos.version;
        defaultText = lib.literalExpression "config.system.nixos.version";
        example = "26.05.20260820.e17386d";
        description = "Version of the nixpkgs that the image is made of: release, date and short revision.";
      };
      revision = lib.mkOption {
        type = lib.types.strMatching "[0-9a-f]{40}";
        default =
          if config.system.nixos.revision != null then
            config.system.nixos.revision
          else
            throw "nixosImage.nixpkgs.revision is not set: nixpkgs has no git revision; take it from a git or GitHub URL";
        defaultText = lib.literalExpression "config.system.nixos.revision";
        example = "e17386d0aaf1a2ae3a1d4d0e5d2b8a0c1f2e3d4c";
        description = ''
          Git revision of the nixpkgs that the image is made of. There is no stand-in for it: an image that cannot say
          what it was made of is not built. Take nixpkgs from a git or GitHub URL.
        '';
      };
    };

    lean = lib.mkOption {
      type = lib.types.bool;
      default = false;
      internal = true;
      description = "Whether stage 1 fetches the system, which is no part of the initrd then; the variant's module sets it.";
    };

    storeAddresses = lib.mkOption {
      type = lib.types.listOf (lib.types.strMatching "https?://[]A-Za-z0-9._~:/?@%+,=[-]+");
      default = [ ];
      example = [ "http://images.example.org/kexec/x86_64/lean/store" ];
      description = ''
        Where a lean image fetches its system from, in this order, if nothing on the kernel command line names a place that
        has it. What it fetches is held against a digest that was built in, so plain HTTP is fine.
      '';
    };

    source = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
      description = "Git revision of the flake that defines the image, if it has one.";
    };

    home = lib.mkOption {
      type = lib.types.str;
      default = "https://github.com/nix-community/nixos-images";
      description = "Where the image comes from, for those who meet it on a console.";
    };

    sizeLimits = lib.mkOption {
      type = lib.types.attrsOf lib.types.ints.positive;
      default = (lib.importJSON ../size-limits.json)."${cfg.kind}-${cfg.variant}" or { };
      defaultText = lib.literalMD "the image's entry in `nix/size-limits.json`";
      example = {
        tarball = 400;
      };
      description = ''
        Most that each file of the image should take, in MiB, by role (`tarball`, `kernel`, `initrd` or `iso`). Above it
        the image is built all the same, and says so in a file `over-limit` beside its own.
      '';
    };
  };

  config = {
    # nixos-anywhere looks for ID=nixos and VARIANT_ID=installer.
    system.nixos.variant_id = "installer";
    system.image = {
      id = "${cfg.kind}-${cfg.variant}";
      inherit (cfg.nixpkgs) version;
    };
    system.nixos.extraOSReleaseArgs = {
      NIXPKGS_REVISION = cfg.nixpkgs.revision;
      IMAGE_CHANNEL = cfg.channel;
      IMAGE_HOME = cfg.home;
    }
    // lib.optionalAttrs (cfg.source != null) { IMAGE_SOURCE = cfg.source; };

    services.getty.greetingLine = "NixOS installer: ${cfg.kind} ${cfg.variant} ${cfg.nixpkgs.version} for ${arch} (\\l), ${cfg.home}";
  };
}

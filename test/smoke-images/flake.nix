{
  description = "Small Linux images in the form of the NixOS installers, made of Debian packages in seconds (smoke images)";

  # No inputs, so that no network is needed: everything is in this folder, put there by `prepare`.
  outputs =
    { self }:
    let
      resolved = builtins.fromJSON (builtins.readFile ./resolved.json);
      # Which nixpkgs series the channel's name stands for; the rest of a version comes from what was resolved.
      series = {
        "nixos-26.05" = "26.05";
        "nixos-unstable" = "26.11";
      };

      folder =
        path:
        builtins.path {
          inherit path;
          name = builtins.replaceStrings [ "_" ] [ "-" ] (baseNameOf path);
        };
      build = folder ./build;
      rootfs = folder ./rootfs;
      kexec = folder ./kexec;
      ipxe = folder ./ipxe;
      sources = folder ./sources;

      # What `nixpkgs.revision` is for real images: a hash of all that a channel's images are made of. One for all
      # architectures, as a release has one revision.
      revision =
        channel:
        builtins.hashString "sha1" (
          builtins.toJSON [
            channel
            resolved.packages
          ]
        );

      # A derivation that runs build/<script>.sh with the machine's own tools; needs `sandbox = false`.
      run =
        script: name: attributes:
        derivation (
          {
            inherit name;
            system = resolved.buildSystem;
            builder = "/bin/sh";
            args = [ "${build}/${script}.sh" ];
            SOURCE_DATE_EPOCH = "315619200";
          }
          // resolved.environment
          // attributes
        );

      imagesFor =
        arch:
        let
          debs = folder (./debs + "/${arch}");
          tools = run "tools" "static-tools-${arch}" { inherit arch sources build; };
          base =
            init:
            run "base" "smoke-base-${init}-${arch}" {
              inherit
                arch
                init
                debs
                tools
                kexec
                rootfs
                build
                ;
            };
          # One for all lean images, as NixOS's would be.
          store = run "store" "smoke-store-${arch}" { system_root = base "systemd"; };
          image =
            {
              kind,
              variant,
              channel,
            }:
            let
              hash = revision channel;
              image = {
                inherit
                  kind
                  arch
                  variant
                  channel
                  ;
                smoke = true;
                nixpkgs = {
                  version = "${series.${channel}}.${resolved.date}.${builtins.substring 0 7 hash}";
                  revision = hash;
                };
              };
            in
            {
              name = "${kind}-${variant}-${channel}";
              value =
                run kind "smoke-${kind}-${variant}-${channel}-${arch}" {
                  base = base (if variant == "systemd" || variant == "lean" then variant else "busybox");
                  store = if variant == "lean" then store else "";
                  inherit
                    arch
                    tools
                    debs
                    kexec
                    ipxe
                    build
                    kind
                    variant
                    channel
                    ;
                  version = image.nixpkgs.version;
                  image = builtins.toJSON image;
                }
                // {
                  inherit image;
                };
            };
          flavours = [
            {
              kind = "kexec";
              variant = "noninteractive";
            }
            # With the init of NixOS, so that restoring is proved with systemd-networkd. Not the default: it is slower.
            {
              kind = "kexec";
              variant = "systemd";
            }
            {
              kind = "iso";
              variant = "interactive";
            }
            # Their store is the system of the variant `systemd`. For one channel and architecture: they are there to be tested.
            {
              kind = "kexec";
              variant = "lean";
            }
            {
              kind = "netboot";
              variant = "lean";
            }
            {
              kind = "netboot";
              variant = "interactive";
            }
            {
              kind = "ipxe";
              variant = "menu";
            }
          ];
        in
        builtins.listToAttrs (
          builtins.concatMap (
            channel:
            map (flavour: image (flavour // { inherit channel; })) (
              builtins.filter (
                { variant, ... }: variant != "lean" || (channel == "nixos-26.05" && arch == "x86_64")
              ) flavours
            )
          ) (builtins.attrNames series)
        );
    in
    {
      packages = builtins.listToAttrs (
        map (arch: {
          name = "${arch}-linux";
          value = imagesFor arch;
        }) resolved.arches
      );
    };
}

# The package of an image: a folder with its files and image.json, which the builder reads
# (packages/shared/src/image.ts).
{ config, pkgs }:
{
  # File names by role.
  files,
  # Shell commands that put these files into $out.
  commands,
  # More members of image.json, known before the build.
  facts ? { },
  # A jq filter for what is known only after the build, and shell variables for it as jq arguments.
  jq ? {
    filter = ".";
    arguments = "";
  },
  nativeBuildInputs ? [ ],
}:
let
  inherit (pkgs) lib;
  cfg = config.nixosImage;
  image = {
    inherit (cfg)
      kind
      variant
      channel
      nixpkgs
      ;
    arch = pkgs.stdenv.hostPlatform.uname.processor;
    smoke = false;
  };
  json =
    image
    // facts
    // {
      schema = 1;
      inherit files;
      kernelVersion = config.boot.kernelPackages.kernel.version;
    };
  checkSize = role: limit: ''
    size=$(stat -c %s "$out/${files.${role}}")
    if [ "$size" -gt ${toString (limit * 1024 * 1024)} ]; then
      echo "${cfg.kind}-${cfg.variant}: the ${role} takes $((size / 1048576)) MiB, more than its limit of ${toString limit} MiB in nix/size-limits.json. See what came in with: nix path-info -rsSh on config.system.build.toplevel" |
        tee -a "$out/over-limit" >&2
    fi
  '';
in
pkgs.runCommand "nixos-${cfg.kind}-${cfg.variant}-${cfg.nixpkgs.version}"
  {
    nativeBuildInputs = [ pkgs.buildPackages.jq ] ++ nativeBuildInputs;
    # Of what it names, such as `init`, nothing is needed to use the folder: with context the whole system would be part
    # of its closure, and be copied with it.
    json = builtins.unsafeDiscardStringContext (builtins.toJSON json);
    passAsFile = [ "json" ];
    passthru = {
      inherit image config;
    };
    meta = {
      description = "NixOS installer: ${cfg.kind}, ${cfg.variant}, made of ${cfg.channel}";
      homepage = cfg.home;
      platforms = lib.platforms.linux;
    };
  }
  ''
    mkdir -p "$out"
    ${commands}
    ${lib.concatStrings (lib.mapAttrsToList checkSize cfg.sizeLimits)}
    jq --sort-keys ${jq.arguments} '${jq.filter}' "$jsonPath" >"$out/image.json"
  ''

# `man` for images without manuals, because nixos-install, nixos-enter and nixos-generate-config start it for --help. It
# has theirs alone, as text: 20 KB in place of what renders manuals.
{ config, pkgs, ... }:
let
  inherit (config.system) build;
in
{
  environment.systemPackages = [ build.manuals ];

  system.build.manuals =
    pkgs.runCommand "man"
      {
        nativeBuildInputs = [ pkgs.buildPackages.mandoc ];
        # Where somebody turns documentation on, man-db's comes first.
        meta.priority = 10;
      }
      ''
        mkdir -p "$out/bin" "$out/share/manuals"
        render() {
          # Without backspaces, by which a printer made letters bold.
          gzip -dc "$2/share/man/man8/$1.8.gz" | mandoc -T ascii | sed "s/.$(printf '\b')//g" >"$out/share/manuals/$1"
          test -s "$out/share/manuals/$1"
        }
        render nixos-install ${build.nixos-install}
        render nixos-enter ${pkgs.nixos-enter}
        render nixos-generate-config ${build.nixos-generate-config}
        cp ${../manuals/man} "$out/bin/man"
        chmod 755 "$out/bin/man"
        patchShebangs "$out/bin"
      '';
}

# Programs without the parts that bring in Python or X libraries. No cache has what is changed here: docs/images.md lists
# what that costs.
{
  lib,
  options,
  pkgs,
  ...
}:
{
  # Python is what only `zarcsummary` and its like are written in.
  boot.zfs.package = lib.mkDefault (pkgs.zfs.override { enablePython = false; });

  # The classic dbus is there for its tools, beside the broker. Only dbus-launch needs X. (26.05 may lack the option.)
  services.dbus = lib.optionalAttrs (options.services.dbus ? dbusPackage) {
    dbusPackage = pkgs.dbus.override { x11Support = false; };
  };

  # xfs_scrub_all and xfs_protofile are Python; nothing but the system itself depends on this package.
  nixpkgs.overlays = [
    (_: previous: {
      xfsprogs = previous.xfsprogs.overrideAttrs (old: {
        postFixup = old.postFixup or "" + ''
          grep -rlE '^#!.*python' "$bin/bin" | xargs rm -v
        '';
        disallowedReferences = old.disallowedReferences or [ ] ++ [ previous.python3 ];
      });
    })
  ];
}

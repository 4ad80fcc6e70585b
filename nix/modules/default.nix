# What the flake calls `nixosModules`: kinds, variants, and the base that all of them share.
{
  installer = ./installer.nix;

  kexec = ./kexec.nix;
  netboot = ./netboot.nix;
  iso = ./iso.nix;

  interactive = ./interactive.nix;
  noninteractive = ./noninteractive.nix;
  low-memory = ./low-memory.nix;
  lean = ./lean.nix;
}

# What the images that run from an initrd share: kernel and initrd are all there is, and the initrd stays in memory.
{ lib, modulesPath, ... }:
{
  imports = [
    "${modulesPath}/installer/netboot/netboot-minimal.nix"
    ./installer.nix
  ];

  # One zstd stream: quick to unpack, and its unpacked size can be read off (image.conf of the kexec tarball).
  boot.initrd.compressor = "zstd";
  # The kernel that is running has loaded the microcode already, or the firmware has.
  hardware.cpu.intel.updateMicrocode = lib.mkForce false;
  hardware.cpu.amd.updateMicrocode = lib.mkForce false;
}

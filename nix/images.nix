# The variants of each kind that the flake builds, in every channel and for every system.
{
  kexec = [
    "noninteractive"
    "low-memory"
    "interactive"
  ];
  netboot = [
    "interactive"
    "noninteractive"
    "low-memory"
  ];
  iso = [
    "interactive"
    "noninteractive"
  ];
}

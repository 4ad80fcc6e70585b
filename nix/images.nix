# The variants of each kind that the flake builds, in every channel and for every system.
{
  kexec = [
    "noninteractive"
    "low-memory"
    "lean"
    "interactive"
  ];
  netboot = [
    "interactive"
    "noninteractive"
    "low-memory"
    "lean"
  ];
  iso = [
    "interactive"
    "noninteractive"
  ];
}

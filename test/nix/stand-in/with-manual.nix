# A program whose --help is its manual.
{ runCommand }:
pname:
runCommand pname { } ''
  mkdir -p "$out/share/man/man8"
  printf '.Dd January 1, 1980\n.Dt ${pname} 8\n.Os\n.Sh NAME\n.Nm ${pname}\n.Nd helps to install\n' |
    gzip >"$out/share/man/man8/${pname}.8.gz"
''
// {
  inherit pname;
}

# The status screen: a C program of one screen, with libqrencode as its only library.
{
  lib,
  qrencode,
  stdenv,
}:
stdenv.mkDerivation {
  pname = "status-screen";
  version = "1";
  src = lib.fileset.toSource {
    root = ./.;
    fileset = lib.fileset.unions [
      ./Makefile
      ./src
    ];
  };
  buildInputs = [ qrencode ];
  makeFlags = [ "PREFIX=$(out)" ];
  enableParallelBuilding = true;
  meta = {
    description = "Shows how a freshly booted installer can be reached";
    license = lib.licenses.mit;
    mainProgram = "status-screen";
    platforms = lib.platforms.linux;
  };
}

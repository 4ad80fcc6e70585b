# The outputs of this flake with one tree of nixpkgs as every channel, as Nix would call them. The tree is evaluated where it
# lies: as an input it would be copied into the store first, which takes longer than most evaluations.
{ project, nixpkgs }:
let
  source = {
    outPath = nixpkgs;
    rev = "e17386d0aaf1a2ae3a1d4d0e5d2b8a0c1f2e3d4c";
    shortRev = "e17386d";
    lastModified = 1787184000;
    lastModifiedDate = "20260820000000";
  };
  channel = source // (import "${nixpkgs}/flake.nix").outputs { self = channel; };
  flake = import "${project}/flake.nix";
  self = outputs // {
    outPath = project;
    rev = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
  };
  inputs = builtins.mapAttrs (_: _: channel) flake.inputs // {
    inherit self;
  };
  outputs = flake.outputs inputs;
in
outputs // { inherit inputs; }

# The functions of nixpkgs' lib that this project uses, with the same meaning.
let
  inherit (builtins)
    attrNames
    concatLists
    concatStringsSep
    elem
    filter
    foldl'
    isAttrs
    listToAttrs
    mapAttrs
    replaceStrings
    stringLength
    substring
    ;
  nameValuePair = name: value: { inherit name value; };
  genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);
  mapAttrsToList = f: attrs: map (name: f name attrs.${name}) (attrNames attrs);
  mapAttrs' = f: attrs: listToAttrs (mapAttrsToList f attrs);
  filterAttrs =
    keep: attrs:
    listToAttrs (
      map (name: nameValuePair name attrs.${name}) (
        filter (name: keep name attrs.${name}) (attrNames attrs)
      )
    );
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  escapeShellArg = argument: "'${replaceStrings [ "'" ] [ "'\\''" ] (toString argument)}'";
  recursiveUpdate =
    left: right:
    left
    // mapAttrs (
      name: value:
      if isAttrs value && isAttrs (left.${name} or null) then
        recursiveUpdate left.${name} value
      else
        value
    ) right;
  concatMapStringsSep =
    separator: f: list:
    concatStringsSep separator (map f list);
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
  mkOrder = order: content: {
    _type = "order";
    inherit order content;
  };
in
{
  inherit (builtins)
    attrNames
    attrValues
    concatLists
    concatMap
    concatStringsSep
    elem
    filter
    foldl'
    head
    intersectAttrs
    length
    listToAttrs
    mapAttrs
    match
    removeAttrs
    replaceStrings
    substring
    ;
  inherit
    concatMapStringsSep
    escapeShellArg
    filterAttrs
    genAttrs
    hasPrefix
    mapAttrs'
    mapAttrsToList
    mkOrder
    mkOverride
    nameValuePair
    recursiveUpdate
    ;
  trivial.release = "26.05";
  # As makeOverridable's `override` has them.
  functionArgs = function: function.__functionArgs or (builtins.functionArgs function);
  concatMapAttrs =
    f: attrs: foldl' (merged: name: merged // f name attrs.${name}) { } (attrNames attrs);
  platforms.linux = [
    "x86_64-linux"
    "aarch64-linux"
  ];

  assertMsg = condition: message: if condition then true else throw message;
  concatStrings = concatStringsSep "";
  escapeShellArgs = arguments: concatStringsSep " " (map escapeShellArg arguments);
  last = list: builtins.elemAt list (builtins.length list - 1);
  getBin = package: package;
  getOutput = _output: package: package;
  makeBinPath = concatMapStringsSep ":" (package: "${package}/bin");
  makeLibraryPath = concatMapStringsSep ":" (package: "${package}/lib");
  getExe = package: "${package}/bin/${package.meta.mainProgram or package.pname}";
  hasSuffix =
    suffix: text:
    let
      start = stringLength text - stringLength suffix;
    in
    start >= 0 && substring start (stringLength suffix) text == suffix;
  importJSON = path: builtins.fromJSON (builtins.readFile path);
  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: values: if condition then values else [ ];
  optionalAttrs = condition: attrs: if condition then attrs else { };
  optionalString = condition: text: if condition then text else "";
  subtractLists = unwanted: filter (value: !elem value unwanted);
  unique = foldl' (seen: value: if elem value seen then seen else seen ++ [ value ]) [ ];
  versionOlder = left: right: builtins.compareVersions left right < 0;

  types = import ./types.nix;
  inherit (import ./evaluate.nix) evalModules;
  mkOption = attributes: attributes // { _type = "option"; };
  mkEnableOption = what: {
    _type = "option";
    type = (import ./types.nix).bool;
    default = false;
    description = "Whether to enable ${what}.";
  };
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkDefault = mkOverride 1000;
  mkOptionDefault = mkOverride 1500;
  mkForce = mkOverride 50;
  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;
  literalExpression = text: text;
  literalMD = text: text;
}

# The options of NixOS that this project sets or reads, as nixpkgs declares them: options.json holds types, defaults and what
# is read-only, written by test/nix/real/options.test.ts. Defaults that depend on other options are in defaults.nix.
{ lib }:
let
  inherit (builtins)
    attrNames
    filter
    fromJSON
    groupBy
    head
    isString
    mapAttrs
    readFile
    split
    tail
    ;
  inherit (lib) types;
  declarations = fromJSON (readFile ./options.json);
  entries = map (name: {
    path = filter isString (split "\\." name);
    declaration = declarations.${name};
  }) (attrNames declarations);

  # `members` are the entries below an option: of its submodules.
  below = members: map (entry: entry // { path = tail entry.path; }) members;
  typeOf =
    structure: members:
    if isString structure then
      types.${structure}
    else if structure ? attrsOf then
      types.attrsOf (typeOf structure.attrsOf (below members))
    else if structure ? listOf then
      types.listOf (typeOf structure.listOf (below members))
    else if structure ? nullOr then
      types.nullOr (typeOf structure.nullOr members)
    else if structure ? unique then
      types.unique (typeOf structure.unique members)
    else if structure ? either then
      types.either (typeOf (head structure.either) members) (typeOf (lib.last structure.either) members)
    else if structure ? coercedTo then
      types.namesOr (typeOf structure.from [ ]) (typeOf structure.coercedTo members)
    else if structure ? enum then
      types.enum structure.enum
    else if structure ? separatedString then
      types.separatedString structure.separatedString
    else if structure ? strMatching then
      types.strMatching structure.strMatching
    else
      types.submodule {
        options = optionsOf members;
        freeform = if structure.submodule == null then null else typeOf structure.submodule [ ];
      };

  optionsOf =
    entries:
    mapAttrs (
      _: group:
      let
        own = filter (entry: tail entry.path == [ ]) group;
        members = below (filter (entry: tail entry.path != [ ]) group);
        inherit (head own) declaration;
      in
      if own == [ ] then
        optionsOf members
      else
        lib.mkOption (
          declaration
          // {
            type = typeOf declaration.type members;
            structure = declaration.type;
          }
        )
    ) (groupBy (entry: head entry.path) entries);
in
optionsOf entries

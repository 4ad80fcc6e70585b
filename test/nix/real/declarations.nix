# What nixpkgs declares of options that are in use: by path, the type by its structure, the default, and what is read-only.
# Names of an attribute set are `<name>` in a path, members of a list `*`.
{
  nixpkgs,
  # Systems that together have all options.
  systems,
  # Lists of names, each of which leads to an option and on into its value.
  paths,
}:
let
  inherit (nixpkgs) lib;
  inherit (builtins)
    all
    attrNames
    attrValues
    concatLists
    concatStringsSep
    foldl'
    head
    isAttrs
    isBool
    isInt
    isList
    isString
    tail
    tryEval
    ;

  structure =
    type:
    let
      nested = type.nestedTypes;
    in
    {
      attrsOf.attrsOf = structure nested.elemType;
      lazyAttrsOf.attrsOf = structure nested.elemType;
      coercedTo = {
        coercedTo = structure nested.finalType;
        from = structure nested.coercedType;
      };
      either.either = [
        (structure nested.left)
        (structure nested.right)
      ];
      enum.enum = type.functor.payload.values;
      listOf.listOf = structure nested.elemType;
      nullOr.nullOr = structure nested.elemType;
      separatedString.separatedString = type.functor.payload.sep or "";
      submodule.submodule = if nested ? freeformType then structure nested.freeformType else null;
      unique.unique = structure nested.elemType;
    }
    .${type.name}
      or (
        if type.functor.payload or null ? pattern then
          { strMatching = type.functor.payload.pattern; }
        else
          type.name
      );

  # Differs from one nixpkgs to the next.
  isOfRelease =
    value: lib.hasInfix lib.trivial.release value || builtins.match "[0-9a-f]{40}" value != null;

  isPlain =
    value:
    value == null
    || isBool value
    || isInt value
    || (isString value && !builtins.hasContext value && !isOfRelease value)
    || (isList value && all isPlain value)
    || (isAttrs value && !(value ? _type) && !(value ? type) && all isPlain (attrValues value));

  declarationOf =
    option:
    let
      plain = tryEval (isPlain option.default);
    in
    {
      type = structure option.type;
    }
    # One with a text in its place depends on other options or packages.
    // (
      if !(option ? default) then
        { }
      else if !(option ? defaultText) && plain.success && plain.value then
        { inherit (option) default; }
      else
        { computed = true; }
    )
    // lib.optionalAttrs (option.readOnly or false) { readOnly = true; }
    // lib.optionalAttrs (lib.hasPrefix "Alias of" (option.description or "")) { renamed = true; }
    # mkRemovedOptionModule
    // lib.optionalAttrs (option.visible or true == false && !(option ? description)) {
      removed = true;
    };

  walk =
    before: node: path:
    if lib.isOption node then
      # What is declared elsewhere is our own.
      lib.optionalAttrs (all (lib.hasPrefix "${nixpkgs}/") node.declarations) {
        ${concatStringsSep "." before} = declarationOf node;
      }
      // into before node.type path
    else if path == [ ] then
      { }
    else if node ? ${head path} then
      walk (before ++ [ (head path) ]) node.${head path} (tail path)
    else
      { };

  into =
    before: type: path:
    let
      inherit (type) name;
      nested = type.nestedTypes or { };
      members = removeAttrs (type.getSubOptions before) [ "_module" ];
    in
    if path == [ ] then
      { }
    else if name == "attrsOf" || name == "lazyAttrsOf" then
      into (before ++ [ "<name>" ]) nested.elemType (tail path)
    else if name == "listOf" && head path == "*" then
      into (before ++ [ "*" ]) nested.elemType (tail path)
    else if name == "nullOr" || name == "unique" then
      into before nested.elemType path
    else if name == "coercedTo" then
      into before nested.finalType path
    else if name == "either" then
      into before nested.left path // into before nested.right path
    else if name == "submodule" then
      if members ? ${head path} then walk before members path else { }
    else
      { };
in
foldl' (found: options: found // foldl' (all: path: all // walk [ ] options path) { } paths) { } (
  map (system: system.options) systems
)

# Option types: `check` says whether a value belongs to one, `merge` makes one value of several definitions
# ({ file; value; order; }), which have all passed the check.
let
  inherit (builtins)
    all
    attrNames
    attrValues
    concatLists
    concatMap
    concatStringsSep
    elem
    filter
    head
    isAttrs
    isBool
    isFunction
    isInt
    isList
    isString
    length
    listToAttrs
    ;
  byOrder = builtins.sort (left: right: left.order < right.order);
  files = definitions: concatStringsSep ", " (map (definition: definition.file) definitions);

  # One value; several definitions must agree.
  one = name: check: {
    inherit name check;
    merge =
      path: definitions:
      let
        first = (head definitions).value;
      in
      if all (definition: definition.value == first) definitions then
        first
      else
        throw "The option `${path}' has conflicting values in ${files definitions}";
  };

  str = one "string" isString;
  isStringLike = value: isString value || builtins.isPath value || (isAttrs value && value ? outPath);

  listOf = element: {
    name = "list of ${element.name}";
    check = value: isList value && all element.check value;
    merge = _path: definitions: concatLists (map (definition: definition.value) (byOrder definitions));
    empty = [ ];
  };

  # Names from all definitions; each one merged by the element's type.
  attrsOf = element: {
    name = "attribute set of ${element.name}";
    check = value: isAttrs value;
    merge =
      path: definitions:
      listToAttrs (
        map
          (name: {
            inherit name;
            value = (import ./evaluate.nix).mergeDefinitions "${path}.${name}" element (
              concatMap (
                definition:
                if definition.value ? ${name} then
                  [
                    {
                      inherit (definition) file order;
                      value = definition.value.${name};
                    }
                  ]
                else
                  [ ]
              ) definitions
            );
          })
          (
            builtins.foldl' (
              names: definition: names ++ filter (name: !elem name names) (attrNames definition.value)
            ) [ ] definitions
          )
      );
    empty = { };
  };

  either = left: right: {
    name = "${left.name} or ${right.name}";
    check = value: left.check value || right.check value;
    merge =
      path: definitions:
      (if all (definition: left.check definition.value) definitions then left else right).merge path
        definitions;
  };
in
rec {
  inherit
    attrsOf
    either
    listOf
    str
    ;
  bool = one "boolean" isBool;
  int = one "integer" isInt;
  ints = {
    positive = one "positive integer" (value: isInt value && value > 0);
    unsigned = one "unsigned integer" (value: isInt value && value >= 0);
  };
  path = one "path" isStringLike;
  package = one "package" (value: isAttrs value && value ? outPath);
  anything = {
    name = "anything";
    check = _value: true;
    merge =
      path: definitions:
      if length definitions == 1 then
        (head definitions).value
      else if all (definition: isAttrs definition.value) definitions then
        (attrsOf anything).merge path definitions
      else if all (definition: isList definition.value) definitions then
        concatLists (map (definition: definition.value) (byOrder definitions))
      else
        (one "anything" (_value: true)).merge path definitions;
  };
  enum = values: one "one of ${concatStringsSep ", " values}" (value: elem value values);
  nullOr = element: {
    name = "null or ${element.name}";
    check = value: value == null || element.check value;
    merge =
      path: definitions:
      if all (definition: definition.value == null) definitions then
        null
      else
        element.merge path (filter (definition: definition.value != null) definitions);
  };
  strMatching =
    pattern:
    one "string matching the pattern ${pattern}" (
      value: isString value && builtins.match pattern value != null
    );
  lines = {
    name = "string";
    check = isString;
    merge =
      _path: definitions:
      concatStringsSep "\n" (map (definition: definition.value) (byOrder definitions));
    empty = "";
  };
  # Values of systemd's unit files and of nix.conf: one, or several.
  scalar = one "string, number, boolean, path or package" (
    value: isInt value || isBool value || isStringLike value
  );
  scalarOrList = either (listOf scalar) scalar;
  submodule = options: {
    name = "submodule";
    check = value: isAttrs value || isFunction value;
    merge =
      path: definitions:
      ((import ./evaluate.nix).evalModules {
        prefix = "${path}.";
        modules = [
          { inherit options; }
        ]
        ++ map (definition: {
          _file = definition.file;
          config = definition.value;
        }) definitions;
      }).config;
    empty = { };
  };
}

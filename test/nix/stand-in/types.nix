# Option types: `check` says whether a value belongs to one, `merge` makes one value of several definitions
# ({ file; value; order; }), which have all passed the check.
let
  inherit (builtins)
    all
    attrNames
    concatLists
    concatMap
    concatStringsSep
    elem
    filter
    foldl'
    head
    isAttrs
    isBool
    isFloat
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

  # One definition, and no second one even if it says the same.
  single = name: check: {
    inherit name check;
    merge =
      path: definitions:
      if length definitions == 1 then
        (head definitions).value
      else
        throw "The option `${path}' is defined several times, in ${files definitions}";
  };

  str = one "string" isString;
  matches = pattern: value: isString value && builtins.match pattern value != null;
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
  float = one "float" isFloat;
  positiveInt = one "positive integer" (value: isInt value && value > 0);
  unsignedInt16 = one "16 bit unsigned integer" (
    value: isInt value && value >= 0 && value <= 65535
  );
  ints.positive = positiveInt;
  singleLineStr = one "string without a line end" (matches "[^\n]*");
  "passwdEntry str" = one "string without a colon or line end" (matches "[^:\n]*");
  # Blanks only inside of double quotes.
  kernelParam = one "kernel parameter" (matches "([^ \n\"]|\"[^\"]*\")+");
  path = one "absolute path" (
    value: isStringLike value && builtins.substring 0 1 (toString value) == "/"
  );
  package = single "package" (value: isAttrs value && value ? outPath);
  raw = single "raw value" (_value: true);
  functionTo = single "function" isFunction;
  nixpkgs-overlay = single "nixpkgs overlay" isFunction;
  attrs = {
    name = "attribute set";
    check = isAttrs;
    merge = _path: foldl' (merged: definition: merged // definition.value) { };
    empty = { };
  };
  unspecified = {
    name = "unspecified value";
    check = _value: true;
    merge =
      path: definitions:
      if length definitions == 1 then
        (head definitions).value
      else if all (definition: isList definition.value) definitions then
        concatLists (map (definition: definition.value) (byOrder definitions))
      else if all (definition: isAttrs definition.value) definitions then
        attrs.merge path definitions
      else
        (one "unspecified value" (_value: true)).merge path definitions;
  };
  enum = values: one "one of ${builtins.toJSON values}" (value: elem value values);
  nullOr = element: {
    name = "null or ${element.name}";
    check = value: value == null || element.check value;
    merge =
      path: definitions:
      if all (definition: definition.value == null) definitions then
        null
      else if all (definition: definition.value != null) definitions then
        element.merge path definitions
      else
        throw "The option `${path}' is defined both null and not null, in ${files definitions}";
  };
  unique = element: {
    inherit (element) name check;
    merge =
      path: definitions:
      if length definitions == 1 then
        element.merge path definitions
      else
        throw "The option `${path}' is defined several times, in ${files definitions}";
  };
  # What nixpkgs calls coercedTo, of which one kind is in use: a list of names stands for a set in which they are true.
  namesOr = list: set: {
    name = "${set.name} or ${list.name} convertible to it";
    check = value: list.check value || set.check value;
    merge =
      path: definitions:
      set.merge path (
        map (
          definition:
          if isList definition.value then
            definition
            // {
              value = listToAttrs (
                map (name: {
                  inherit name;
                  value = true;
                }) definition.value
              );
            }
          else
            definition
        ) definitions
      );
    empty = { };
  };
  strMatching = pattern: one "string matching the pattern ${pattern}" (matches pattern);
  separatedString = separator: {
    name = "string";
    check = isString;
    merge =
      _path: definitions:
      concatStringsSep separator (map (definition: definition.value) (byOrder definitions));
    empty = "";
  };
  # Values of systemd's unit files (one, or several) and of /proc/sys.
  scalar = one "string, number, boolean, path or package" (
    value: value == null || isInt value || isBool value || isStringLike value
  );
  "systemd option" = either (listOf scalar) scalar;
  "sysctl option value" = scalar;
  # Options of its own; what is not declared has the type `freeform`, or is an error where that is null.
  submodule =
    { options, freeform }:
    {
      name = "submodule";
      check = value: isAttrs value || isFunction value;
      merge =
        path: definitions:
        let
          declared = value: if freeform == null then value else builtins.intersectAttrs options value;
          others = definition: definition // { value = removeAttrs definition.value (attrNames options); };
        in
        (if freeform == null then { } else freeform.merge path (map others definitions))
        // ((import ./evaluate.nix).evalModules {
          prefix = "${path}.";
          modules = [
            { inherit options; }
          ]
          ++ map (definition: {
            _file = definition.file;
            config = declared definition.value;
          }) definitions;
        }).checked;
      empty = { };
    };
}

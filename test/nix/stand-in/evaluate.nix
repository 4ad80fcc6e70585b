# A module system with the rules of nixpkgs' that this project leans on: imports, disabledModules, mkIf, mkMerge,
# priorities and order, types, and an error for every option that is set but not declared.
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    elem
    filter
    foldl'
    isAttrs
    isFunction
    isPath
    isString
    ;
  isOption = value: isAttrs value && value._type or null == "option";

  # All definitions that a module's config has at a path, still wrapped; conditions are not looked at yet.
  definitionsAt =
    path: wrap: value:
    if isAttrs value && value ? _type then
      if value._type == "merge" then
        concatMap (definitionsAt path wrap) value.contents
      else if value._type == "if" || value._type == "override" || value._type == "order" then
        definitionsAt path (inner: wrap (value // { content = inner; })) value.content
      else if path == [ ] then
        [ (wrap value) ]
      else
        [ ]
    else if path == [ ] then
      [ (wrap value) ]
    else if isAttrs value && value ? ${builtins.head path} then
      definitionsAt (builtins.tail path) wrap value.${builtins.head path}
    else
      [ ];

  # A wrapped definition → [ ] or one { value; priority; order; }.
  discharge =
    definition: value:
    if isAttrs value && value ? _type then
      if value._type == "if" then
        if value.condition then discharge definition value.content else [ ]
      else if value._type == "override" then
        discharge (definition // { inherit (value) priority; }) value.content
      else if value._type == "order" then
        discharge (definition // { inherit (value) order; }) value.content
      else if value._type == "merge" then
        concatMap (discharge definition) value.contents
      else
        [ (definition // { inherit value; }) ]
    else
      [ (definition // { inherit value; }) ];

  dischargeAll = concatMap (
    definition:
    discharge (
      {
        priority = 100;
        order = 1000;
      }
      // definition
    ) definition.value
  );

  mergeDefinitions =
    path: type: definitions:
    let
      discharged = dischargeAll definitions;
      best = foldl' (lowest: d: if d.priority < lowest then d.priority else lowest) 9999 discharged;
      winners = filter (d: d.priority == best) discharged;
      wrong = filter (d: !type.check d.value) winners;
      first = builtins.head wrong;
    in
    if wrong != [ ] then
      throw "A definition for option `${path}' is not of type `${type.name}', in ${first.file}"
    else if winners == [ ] then
      type.empty or (throw "The option `${path}' is used but not defined")
    else
      type.merge path winners;

  evalModules =
    {
      modules,
      specialArgs ? { },
      modulesPath ? null,
      prefix ? "",
    }:
    let
      load =
        module:
        let
          isFile = isPath module || isString module;
          file = if isFile then toString module else null;
          content = if isFile then import module else module;
          value = if isFunction content then content arguments else content;
          # Without `config` or `options`, everything but these names is config.
          isLong = value ? config || value ? options;
        in
        {
          key = file;
          file = value._file or (if isFile then file else "an inline module");
          imports = value.imports or [ ];
          disabled = map (
            path:
            if isString path && builtins.substring 0 1 path != "/" then
              "${toString modulesPath}/${path}"
            else
              toString path
          ) (value.disabledModules or [ ]);
          options = value.options or { };
          config =
            if isLong then
              value.config or { }
            else
              removeAttrs value [
                "imports"
                "disabledModules"
                "options"
                "_file"
                "key"
              ];
        };
      loadAll =
        list:
        concatMap (
          module:
          let
            loaded = load module;
          in
          [ loaded ] ++ loadAll loaded.imports
        ) list;
      all = loadAll modules;
      disabled = concatMap (module: module.disabled) all;
      # Each file once, and none that is disabled.
      chosen =
        (foldl'
          (
            state: module:
            if module.key != null && (elem module.key state.seen || elem module.key disabled) then
              state
            else
              {
                seen = state.seen ++ (if module.key == null then [ ] else [ module.key ]);
                list = state.list ++ [ module ];
              }
          )
          {
            seen = [ ];
            list = [ ];
          }
          all
        ).list;

      mergeOptions =
        path: sets:
        builtins.zipAttrsWith (
          name: values:
          if builtins.any isOption values then
            if builtins.length values == 1 then
              builtins.head values
            else
              throw "The option `${prefix}${concatStringsSep "." (path ++ [ name ])}' is declared twice"
          else
            mergeOptions (path ++ [ name ]) values
        ) sets;
      options = mergeOptions [ ] (map (module: module.options) chosen);

      evaluate =
        path: tree:
        builtins.mapAttrs (
          name: option:
          let
            here = path ++ [ name ];
            definitions = concatMap (
              module:
              map (value: {
                inherit (module) file;
                inherit value;
              }) (definitionsAt here (value: value) module.config)
            ) chosen;
            # Looked at only where nothing else is defined: a default may be an error that says what to set.
            default = {
              file = "the option's default";
              value = option.default;
              priority = 1500;
            };
          in
          if isOption option && option.readOnly or false && builtins.length definitions > 1 then
            throw "The option `${prefix}${concatStringsSep "." here}' is read-only, but it is set multiple times"
          else if isOption option then
            (option.apply or (value: value)) (
              mergeDefinitions "${prefix}${concatStringsSep "." here}" option.type (
                if option ? default && dischargeAll definitions == [ ] then [ default ] else definitions
              )
            )
          else
            evaluate here option
        ) tree;

      # Every attribute of a module's config leads to an option.
      undeclared =
        path: tree: value:
        if isAttrs value && value ? _type then
          if value._type == "merge" then
            concatMap (undeclared path tree) value.contents
          else
            undeclared path tree value.content
        else
          concatMap (
            name:
            let
              here = path ++ [ name ];
            in
            if !(tree ? ${name}) then
              [ (concatStringsSep "." here) ]
            else if isOption tree.${name} then
              [ ]
            else
              undeclared here tree.${name} value.${name}
          ) (attrNames value);
      unknown = concatMap (
        module:
        map (path: "The option `${prefix}${path}' does not exist, set in ${module.file}") (
          undeclared [ ] options module.config
        )
      ) chosen;

      # Every path of a module's config, into the members of submodules and lists: what is in use.
      setPaths =
        path: tree: value:
        if isAttrs value && value ? _type then
          concatMap (setPaths path tree) (value.contents or [ value.content ])
        else if isOption tree then
          if hasMembers tree then membersOf path value else [ path ]
        else if isAttrs value && !(value ? outPath) then
          concatMap (name: setPaths (path ++ [ name ]) (tree.${name} or { }) value.${name}) (
            attrNames value
          )
        else
          [ path ];
      hasMembers =
        option: builtins.match ".*submodule.*" (builtins.toJSON (option.structure or null)) != null;
      membersOf =
        path: value:
        if isAttrs value && value ? _type then
          concatMap (membersOf path) (value.contents or [ value.content ])
        else if isAttrs value && !(value ? outPath) && value != { } then
          concatMap (name: membersOf (path ++ [ name ]) value.${name}) (attrNames value)
        else if builtins.isList value && builtins.any isAttrs value then
          concatMap (membersOf (path ++ [ "*" ])) value
        else
          [ path ];

      config = evaluate [ ] options;
      used = concatMap (module: setPaths [ ] options module.config) chosen;
      arguments = specialArgs // {
        inherit config options modulesPath;
      };
    in
    {
      inherit config options used;
      # Without the name of an option that is not declared. As in nixpkgs, modules see what is not checked.
      checked = if unknown == [ ] then config else throw (concatStringsSep "\n" unknown);
    };
in
{
  inherit evalModules mergeDefinitions;
}

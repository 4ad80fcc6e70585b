# The options of NixOS that this project sets or reads, with their types.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  option = type: mkOption { inherit type; };
  withDefault =
    type: default:
    mkOption {
      inherit type default;
    };
  flag = withDefault types.bool false;
  lists = withDefault (types.listOf types.anything) [ ];
  strings = withDefault (types.listOf types.str) [ ];
  packages = withDefault (types.listOf types.package) [ ];
  settings = withDefault (types.attrsOf types.scalarOrList) { };
  sections = withDefault (types.attrsOf (types.attrsOf types.scalarOrList)) { };

  unit = {
    description = withDefault types.str "";
    wantedBy = strings;
    requiredBy = strings;
    wants = strings;
    requires = strings;
    before = strings;
    after = strings;
    conflicts = strings;
    unitConfig = settings;
  };
  services = withDefault (types.attrsOf (
    types.submodule (
      unit
      // {
        enable = withDefault types.bool true;
        path = lists;
        script = withDefault types.lines "";
        environment = settings;
        serviceConfig = settings;
        restartIfChanged = withDefault types.bool true;
      }
    )
  )) { };
  user = types.submodule {
    isNormalUser = flag;
    isSystemUser = flag;
    useDefaultShell = flag;
    group = withDefault types.str "";
    initialHashedPassword = withDefault (types.nullOr types.str) null;
    extraGroups = strings;
  };
in
{
  options = {
    assertions = lists;

    boot = {
      blacklistedKernelModules = strings;
      initrd = {
        compressor = option types.str;
        systemd = {
          enable = withDefault types.bool true;
          emergencyAccess = flag;
          inherit services;
        };
      };
      kernel.sysctl = settings;
      kernelModules = strings;
      kernelPackages = option types.anything;
      kernelParams = strings;
      loader.grub.memtest86.enable = flag;
      supportedFilesystems = withDefault (types.attrsOf types.bool) { };
      swraid = {
        enable = flag;
        mdadmConf = withDefault types.lines "";
      };
      zfs = {
        package = option types.package;
        forceImportRoot = withDefault types.bool true;
      };
    };

    console = {
      earlySetup = flag;
      font = option types.str;
    };

    documentation = {
      enable = withDefault types.bool true;
      info.enable = withDefault types.bool true;
      man.enable = withDefault types.bool true;
      nixos.enable = withDefault types.bool true;
    };

    environment = {
      defaultPackages = packages;
      etc = withDefault (types.attrsOf (types.submodule { text = option types.lines; })) { };
      loginShellInit = withDefault types.lines "";
      ldso32 = withDefault (types.nullOr types.path) null;
      stub-ld.enable = withDefault types.bool true;
      systemPackages = packages;
    };

    fonts.fontconfig.enable = withDefault types.bool true;

    hardware = {
      cpu.amd.updateMicrocode = flag;
      cpu.intel.updateMicrocode = flag;
      enableRedistributableFirmware = flag;
      firmware = packages;
    };

    networking = {
      firewall.enable = withDefault types.bool true;
      hostId = withDefault (types.nullOr types.str) null;
      hostName = withDefault types.str "nixos";
      networkmanager.enable = flag;
      tempAddresses = withDefault (types.enum [
        "default"
        "enabled"
        "disabled"
      ]) "default";
      useDHCP = withDefault types.bool true;
      useNetworkd = flag;
      wireless = {
        enable = flag;
        iwd = {
          enable = flag;
          settings = sections;
        };
      };
    };

    nix = {
      daemonCPUSchedPolicy = withDefault (types.enum [
        "other"
        "batch"
        "idle"
      ]) "other";
      daemonIOSchedClass = withDefault (types.enum [
        "best-effort"
        "idle"
      ]) "best-effort";
      nixPath = strings;
      registry = withDefault (types.attrsOf types.anything) { };
      inherit settings;
    };

    nixpkgs = {
      flake.source = withDefault (types.nullOr types.str) null;
      hostPlatform = option types.str;
      overlays = lists;
    };

    programs = {
      bash.completion.enable = withDefault types.bool true;
      command-not-found.enable = withDefault types.bool true;
      less.lessopen = withDefault (types.nullOr types.str) null;
      git.enable = flag;
      nano.enable = withDefault types.bool true;
    };

    security = {
      pam.services = withDefault (types.attrsOf (types.submodule { forwardXAuth = flag; })) { };
      polkit.enable = flag;
      sudo.enable = withDefault types.bool true;
    };

    services = {
      dbus = {
        dbusPackage = option types.package;
        implementation = withDefault (types.enum [
          "dbus"
          "broker"
        ]) "dbus";
      };
      getty = {
        autologinUser = withDefault (types.nullOr types.str) null;
        greetingLine = option types.str;
        helpLine = withDefault types.lines "";
      };
      logrotate.enable = withDefault types.bool true;
      lvm.enable = withDefault types.bool true;
      openssh = {
        enable = flag;
        startWhenNeeded = flag;
        extraConfig = withDefault types.lines "";
        hostKeys = lists;
        inherit settings;
      };
      resolved.enable = flag;
      tor = {
        enable = flag;
        client.enable = flag;
        relay.onionServices = withDefault (types.attrsOf (
          types.submodule {
            version = withDefault (types.enum [
              2
              3
            ]) 3;
            map = lists;
          }
        )) { };
      };
      udisks2.enable = flag;
      userborn.enable = flag;
    };

    system = {
      boot.loader.kernelFile = option types.str;
      build = withDefault (types.attrsOf types.anything) { };
      extraDependencies = packages;
      forbiddenDependenciesRegexes = strings;
      image = {
        id = withDefault (types.nullOr types.str) null;
        version = withDefault (types.nullOr types.str) null;
      };
      installer.channel.enable = withDefault types.bool true;
      tools = {
        nixos-build-vms.enable = withDefault types.bool true;
        nixos-enter.enable = withDefault types.bool true;
        nixos-generate-config.enable = withDefault types.bool true;
        nixos-install.enable = withDefault types.bool true;
        nixos-option.enable = withDefault types.bool true;
        nixos-rebuild.enable = withDefault types.bool true;
      };
      nixos = {
        extraOSReleaseArgs = withDefault (types.attrsOf types.str) { };
        release = option types.str;
        revision = option (types.nullOr types.str);
        variant_id = option (types.nullOr types.str);
        version = option types.str;
      };
      stateVersion = option types.str;
    };

    systemd = {
      network = {
        enable = flag;
        wait-online.anyInterface = flag;
        networks = withDefault (types.attrsOf (
          types.submodule {
            matchConfig = settings;
            networkConfig = settings;
            dhcpV4Config = settings;
            dhcpV6Config = settings;
          }
        )) { };
      };
      inherit services;
      package = option types.package;
      sysusers.enable = flag;
      tmpfiles.settings = withDefault (types.attrsOf (types.attrsOf (types.attrsOf types.anything))) { };
    };

    users = {
      groups = withDefault (types.attrsOf (
        types.submodule { gid = withDefault (types.nullOr types.int) null; }
      )) { };
      users = withDefault (types.attrsOf user) { };
    };

    zramSwap = {
      enable = flag;
      algorithm = withDefault types.str "zstd";
      memoryPercent = withDefault types.int 50;
    };
  };
}

# Nix for installations: flakes on, and quick to go on when a substituter is away.
{ lib, ... }:
{
  nix.settings = {
    experimental-features = [
      "nix-command"
      "flakes"
    ];
    # Seconds. The defaults wait minutes for a substituter that does not answer.
    connect-timeout = lib.mkDefault 5;
    stalled-download-timeout = lib.mkDefault 30;
    # Build what a substituter could not deliver instead of giving up.
    fallback = lib.mkDefault true;
    log-lines = lib.mkDefault 25;
    # The store is in memory: make room before it is full. Bytes.
    min-free = lib.mkDefault (128 * 1024 * 1024);
    max-free = lib.mkDefault (512 * 1024 * 1024);
    # What a remote builder can fetch by itself need not go through this machine.
    builders-use-substitutes = true;
    trusted-users = [ "root" ];
  };
  # sshd must stay responsive while a build runs.
  nix.daemonCPUSchedPolicy = lib.mkDefault "batch";
  nix.daemonIOSchedClass = lib.mkDefault "idle";
}

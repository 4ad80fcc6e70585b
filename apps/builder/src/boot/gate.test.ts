import type { Image } from '@nixos-images/shared';
import { describe, expect, it } from 'vitest';
import { pathsOf } from './gate.ts';

const image = (kind: Image['kind'], arch: Image['arch']) => ({ kind, arch }) as const;

describe('the boot gate', () => {
  it('starts every image in every way there is for its architecture', () => {
    expect(pathsOf(image('kexec', 'x86_64'))).toEqual(['kexec']);
    expect(pathsOf(image('netboot', 'x86_64'))).toEqual(['netboot-bios', 'netboot-uefi']);
    expect(pathsOf(image('iso', 'x86_64'))).toEqual(['iso-bios-cd', 'iso-bios-usb', 'iso-uefi-cd', 'iso-uefi-usb']);
  });

  it('does not ask aarch64 for a BIOS', () => {
    expect(pathsOf(image('netboot', 'aarch64'))).toEqual(['netboot-uefi']);
    expect(pathsOf(image('iso', 'aarch64'))).toEqual(['iso-uefi-cd', 'iso-uefi-usb']);
  });
});

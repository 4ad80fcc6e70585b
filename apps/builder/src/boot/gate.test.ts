import type { Image } from '@nixos-images/shared';
import { sampleRelease } from '@nixos-images/shared/testing';
import { describe, expect, it } from 'vitest';
import { pathsOf } from './gate.ts';

const { manifest } = await sampleRelease({
  version: '26.05.20260820.e17386d',
  channel: 'nixos-26.05',
  size: 10,
  published: '2026-08-20T04:05:06.000Z',
});
const paths = (kind: Image['kind'], arch: Image['arch']) =>
  manifest.images.filter((image) => image.kind === kind && image.arch === arch).map(pathsOf);

describe('the boot gate', () => {
  it('starts every image in every way there is for its architecture', () => {
    expect(paths('kexec', 'x86_64')).toEqual([['kexec']]);
    expect(paths('netboot', 'x86_64')).toEqual([['netboot-bios', 'netboot-uefi', 'netboot-uefi-http']]);
    expect(paths('iso', 'x86_64')).toEqual([['iso-bios-cd', 'iso-bios-usb', 'iso-uefi-cd', 'iso-uefi-usb']]);
  });

  it('does not ask aarch64 for a BIOS', () => {
    expect(paths('netboot', 'aarch64')).toEqual([['netboot-uefi', 'netboot-uefi-http']]);
    expect(paths('iso', 'aarch64')).toEqual([['iso-uefi-cd', 'iso-uefi-usb']]);
  });

  it('asks no firmware for an EFI file that an image does not have', () => {
    const older = manifest.images.map((image) => (image.kind === 'netboot' ? { ...image, efi: undefined } : image));
    expect(older.flatMap(pathsOf)).not.toContain('netboot-uefi-http');
  });
});

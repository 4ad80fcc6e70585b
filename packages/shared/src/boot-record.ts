import * as v from 'valibot';
import { Version } from './version.ts';
import { Arch, Kind, Time, Variant } from './words.ts';

/** The way in which an image was started. */
export const BOOT_PATHS = [
  'kexec',
  'netboot-bios',
  'netboot-uefi',
  'netboot-uefi-http',
  'iso-bios-cd',
  'iso-bios-usb',
  'iso-uefi-cd',
  'iso-uefi-usb',
] as const;
export const BootPath = v.picklist(BOOT_PATHS);
export type BootPath = v.InferOutput<typeof BootPath>;

const image = { kind: Kind, arch: Arch, variant: Variant, path: BootPath };

/** One image started in one way. */
export const BootTest = v.variant('outcome', [
  v.object({ ...image, outcome: v.literal('booted'), seconds: v.pipe(v.number(), v.minValue(0)) }),
  v.object({ ...image, outcome: v.literal('failed'), reason: v.string() }),
  v.object({ ...image, outcome: v.literal('not-tried'), reason: v.string() }),
]);
export type BootTest = v.InferOutput<typeof BootTest>;

const record = { schema: v.literal(1), version: Version, time: Time };

/** `releases/<version>/boot.json`: the boot tests of a release, or the reason why it was promoted without. */
export const BootRecord = v.variant('gate', [
  v.object({
    ...record,
    gate: v.literal('run'),
    /** Versions of what the tests ran with, such as `qemu: 7.2.22`, `ipxe: 1.0.0+git-20190125`. */
    tools: v.record(v.string(), v.string()),
    tests: v.array(BootTest),
  }),
  v.object({ ...record, gate: v.literal('skipped'), reason: v.pipe(v.string(), v.minLength(1)) }),
]);
export type BootRecord = v.InferOutput<typeof BootRecord>;

export * from './efi-program.ts';
export * from './sample-release.ts';

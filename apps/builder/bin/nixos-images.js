#!/usr/bin/env node
const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  console.error(`nixos-images needs Node 24 or later, and this is ${process.version}.`);
  console.error('In a checkout, `npx nixos-images` runs it with the right one.');
  process.exit(2);
}
await import('./lean-node.js');
await import('../src/main.ts');

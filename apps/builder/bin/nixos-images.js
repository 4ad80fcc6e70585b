#!/usr/bin/env node
import './lean-node.js';

await import('../src/main.ts');

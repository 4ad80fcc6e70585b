// Plain JavaScript, for a reason: what strips the types of the other files takes 30 MB of memory and most of the time to start,
// unless Node may keep what came of it from one run to the next. A folder of the user's own, because Node runs what it finds there.
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

enableCompileCache(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'nixos-images'));
// Uploads make little garbage, all of it short-lived: the space for the young need not grow to its 32 MB before it is swept.
setFlagsFromString('--semi-space-growth-factor=1');

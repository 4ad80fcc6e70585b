export { mirrorRelease } from './mirror.ts';
export { parseNetbootScript } from './netboot-script.ts';
export { GithubReleases, type Patience } from './releases.ts';

import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { GithubRepository, GithubTag, repositoryParts } from './github-repository.ts';

describe('a GitHub repository', () => {
  it('is an owner and a name', () => {
    expect(repositoryParts(v.parse(GithubRepository, 'nix-community/nixos-images'))).toEqual({
      owner: 'nix-community',
      repo: 'nixos-images',
    });
  });

  it.each(['', 'nixos-images', 'a/b/c', 'a/..', 'a/.', '-a/b', 'a--b/c', 'a/b c', 'a/b?c', 'https://github.com/a/b'])(
    'is not %j',
    (text) => {
      expect(v.is(GithubRepository, text)).toBe(false);
    },
  );
});

describe('a tag', () => {
  it.each(['nixos-unstable', '26.05.20260820.e17386d-2', 'v1.0+rc1'])('may be %s', (text) => {
    expect(v.is(GithubTag, text)).toBe(true);
  });

  it.each(['', '.hidden', '../x', 'a/b', 'a b', 'a%2fb', 'a?b'])('is not %j', (text) => {
    expect(v.is(GithubTag, text)).toBe(false);
  });
});

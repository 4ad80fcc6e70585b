import * as v from 'valibot';

/** A repository on GitHub, `owner/name`, in the spelling that its owner gave it. */
export const GithubRepository = v.pipe(
  v.string(),
  v.regex(
    /^[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/,
    'not a GitHub repository: expected owner/name',
  ),
  v.brand('GithubRepository'),
);
export type GithubRepository = v.InferOutput<typeof GithubRepository>;

/** The tag of a release, as far as it needs no escaping in an address: `nixos-unstable`, `26.05.20260820.e17386d`. */
export const GithubTag = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/, 'not a tag: expected letters, digits, ".", "_", "+", "-"'),
  v.maxLength(120),
  v.brand('GithubTag'),
);
export type GithubTag = v.InferOutput<typeof GithubTag>;

/** The owner and the name of a repository. */
export function repositoryParts(repository: GithubRepository): { owner: string; repo: string } {
  const slash = repository.indexOf('/');
  return { owner: repository.slice(0, slash), repo: repository.slice(slash + 1) };
}

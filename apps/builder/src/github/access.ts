/** Where GitHub is and who asks. The names are those that GitHub Actions sets. */
export interface GithubAccess {
  /** Without a slash at the end. */
  readonly apiUrl: string;
  /** Where everybody downloads; without a slash at the end. */
  readonly webUrl: string;
  readonly token: string | undefined;
}

/** Reads the environment; the token may stand nowhere else. */
export function githubAccessFrom(environment: NodeJS.ProcessEnv): GithubAccess {
  const url = (name: string, usual: string) => (environment[name] || usual).replace(/\/+$/, '');
  return {
    apiUrl: url('GITHUB_API_URL', 'https://api.github.com'),
    webUrl: url('GITHUB_SERVER_URL', 'https://github.com'),
    token: environment['GITHUB_TOKEN'] || environment['GH_TOKEN'] || undefined,
  };
}

import { EXIT, Failure } from '../failure.ts';

/** What requests are signed with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/**
 * Reads the credentials from the environment, the only place where they may stand.
 * @throws Failure (exit 2) that names the missing variable.
 */
export function credentialsFrom(environment: NodeJS.ProcessEnv): Credentials {
  const required = (name: string): string => {
    const value = environment[name];
    if (value !== undefined && value !== '') return value;
    throw new Failure(`The environment variable ${name} is not set, so the bucket cannot be written to.`, {
      remedy: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a token that may read and write the bucket.',
      exitCode: EXIT.usage,
    });
  };
  return {
    accessKeyId: required('AWS_ACCESS_KEY_ID'),
    secretAccessKey: required('AWS_SECRET_ACCESS_KEY'),
    sessionToken: environment['AWS_SESSION_TOKEN'] || undefined,
  };
}

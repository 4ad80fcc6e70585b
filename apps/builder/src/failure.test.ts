import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { EXIT, Failure, systemFailure } from './failure.ts';

it('a failure exits with 1 unless it says otherwise', () => {
  expect(new Failure('The bucket cannot be reached.').exitCode).toBe(1);
  expect(new Failure('xorriso is missing.', { exitCode: EXIT.usage }).exitCode).toBe(2);
});

it('a full disk is a sentence', async () => {
  const error = await writeFile('/dev/full', 'x').catch((cause: unknown) => cause);
  expect(systemFailure(error)?.message).toContain('The disk is full');
  expect(systemFailure(new Error('something else'))).toBeUndefined();
});

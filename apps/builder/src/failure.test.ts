import { expect, it } from 'vitest';
import { EXIT, Failure } from './failure.ts';

it('a failure exits with 1 unless it says otherwise', () => {
  expect(new Failure('The bucket cannot be reached.').exitCode).toBe(1);
  expect(new Failure('xorriso is missing.', { exitCode: EXIT.usage }).exitCode).toBe(2);
});

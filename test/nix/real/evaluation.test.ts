import { describe, expect, it } from 'vitest';
import { evaluateOutput, listOutputs, nixpkgs } from './nixpkgs.ts';

const outputs = nixpkgs === undefined ? [] : await listOutputs();

describe.skipIf(nixpkgs === undefined)('with nixpkgs itself', () => {
  it('there are all images, tests, shells and formatters', () => {
    expect(outputs.length).toBeGreaterThan(60);
  });

  it.concurrent.each(outputs)('%s evaluates, without a warning', { timeout: 600_000 }, async (output) => {
    const { value, said } = await evaluateOutput(output);
    expect(value).toMatch(/\.drv$/);
    expect(said).toBe('');
  });
});

import { expect, it } from 'vitest';
import { Contract, type Exchange } from './local-cloudflare/contract.ts';

const made = { success: true, errors: [], result: { name: 'images', location: 'weur' } };
const making: Exchange = {
  method: 'POST',
  path: '/accounts/1/r2/buckets',
  requestBody: { name: 'images' },
  answer: made,
};

it('has nothing to say of an exchange that is as Cloudflare describes it', async () => {
  expect((await Contract.load()).differences(making)).toEqual([]);
});

it.each<[string, Partial<Exchange>, string]>([
  ['an address', { path: '/accounts/1/r2/pails' }, 'POST /accounts/1/r2/pails is not described by Cloudflare'],
  ['a member of a request', { requestBody: { name: 'images', lid: true } }, 'there is no request member lid'],
  ['a type in a request', { requestBody: { name: 3 } }, 'the request/name must be string'],
  ['a member that lacks', { requestBody: {} }, "the request must have required property 'name'"],
  [
    'a value in a result',
    { answer: { ...made, result: { location: 'moon' } } },
    'the result/location must be equal to one',
  ],
  [
    'an error',
    { answer: { success: false, errors: [{ code: 1 }], result: null } },
    "must have required property 'message'",
  ],
])('tells of %s that Cloudflare does not know', async (_, difference, sentence) => {
  const found = (await Contract.load()).differences({ ...making, ...difference });
  expect(found.join('; ')).toContain(sentence);
});

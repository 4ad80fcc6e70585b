import { expect, it } from 'vitest';
import { parseLogLine } from './log.ts';

// Lines as Nix 2.8 wrote them.
it('reads which derivation begins and ends', () => {
  const start =
    '@nix {"action":"start","fields":["/nix/store/yrzlckgafir6fyvadvkq6w5ibdwgfi5k-kexec.drv","",1,1],"id":645,"level":3,"text":"building","type":105}';
  expect(parseLogLine(start)).toEqual({
    type: 'build-started',
    id: 645,
    derivation: '/nix/store/yrzlckgafir6fyvadvkq6w5ibdwgfi5k-kexec.drv',
  });
  expect(parseLogLine('@nix {"action":"stop","id":645}')).toEqual({ type: 'stopped', id: 645 });
});

it('reads progress, log lines, phases and errors', () => {
  expect(parseLogLine('@nix {"action":"result","fields":[1,3,1,0],"id":642,"type":105}')).toEqual({
    type: 'progress',
    id: 642,
    done: 1,
    expected: 3,
  });
  expect(parseLogLine('@nix {"action":"result","fields":["building kexec"],"id":645,"type":101}')).toEqual({
    type: 'build-log',
    id: 645,
    text: 'building kexec',
  });
  expect(parseLogLine('@nix {"action":"result","fields":["unpackPhase"],"id":645,"type":104}')).toEqual({
    type: 'phase',
    id: 645,
    phase: 'unpackPhase',
  });
  expect(parseLogLine('@nix {"action":"msg","level":0,"msg":"error: no such thing"}')).toEqual({
    type: 'message',
    level: 0,
    text: 'error: no such thing',
  });
});

it.each(['@nix {"action":"dance"}', '@nix nonsense', '@nix {"action":"start","id":1,"type":102,"level":0,"text":""}'])(
  'passes over %j',
  (line) => {
    expect(parseLogLine(line)).toEqual({ type: 'other' });
  },
);

it('takes a plain line as a message, and for an error when it says so', () => {
  expect(parseLogLine('error: cannot connect to the daemon')).toMatchObject({ type: 'message', level: 0 });
  expect(parseLogLine('warning: dirty tree')).toMatchObject({ type: 'message', level: 3 });
});

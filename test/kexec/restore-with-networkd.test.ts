import { describe } from 'vitest';
import { restoresEveryShape } from './restores-every-shape.ts';

describe('with systemd-networkd, as on NixOS', () => restoresEveryShape('kexec-systemd'));

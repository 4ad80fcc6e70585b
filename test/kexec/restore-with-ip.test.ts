import { describe } from 'vitest';
import { restoresEveryShape } from './restores-every-shape.ts';

describe('with ip alone, as in the small smoke images', () => restoresEveryShape('kexec-noninteractive'));

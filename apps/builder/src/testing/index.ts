export { aggregate, trunk } from './emulated-switch.ts';
export { SmokeFacts } from './smoke-facts.ts';

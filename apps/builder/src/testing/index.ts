export { aggregate, trunk, withoutDhcp } from './emulated-switch.ts';
export { SmokeFacts } from './smoke-facts.ts';

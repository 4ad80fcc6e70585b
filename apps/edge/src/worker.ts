import { createApp } from './routes.ts';

export default createApp();

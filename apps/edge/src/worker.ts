import { createApp } from './routes.ts';

export default createApp((line) => console.log(line));

import { HEADERS, LINE } from './headers.js';

// The limit, when it also sends the headers of the edge and writes a line of log.
export default {
  fetch() {
    console.log(LINE);
    return new Response('hello\n', { headers: HEADERS });
  },
};

// A worker that all open pages share: it has one stream of events for all of them, since browsers have six connections to a server.

import { follow } from './events.js';

const pages = new Set();
let end = null;
let last = 0;

function tell(kind, id) {
  if (id !== undefined) last = id;
  if (kind !== 'here') for (const page of pages) page.postMessage(kind);
}

function listen(page, { address, after }) {
  pages.add(page);
  if (!end) {
    last = after;
    end = follow(address, after, tell);
  } else if (last > after) {
    // It came between the page and its listening.
    page.postMessage('image');
  }
}

function leave(page) {
  pages.delete(page);
  if (pages.size > 0 || !end) return;
  end();
  end = null;
}

addEventListener('connect', ({ ports: [page] }) => {
  page.addEventListener('message', ({ data }) => (data === 'leave' ? leave(page) : listen(page, data)));
  page.start();
});

// The server's events, by a stream that comes again by itself.

const AGAIN = 5000;

/** Tells 'here' and 'image' with the id that they have, 'open' and 'lost', from behind the id `after` on; what it returns ends it. */
export function follow(address, after, tell) {
  let last = after;
  let events = null;
  let waits = null;

  function begin() {
    events = new EventSource(`${address}?after=${last}`);
    for (const kind of ['here', 'image']) {
      events.addEventListener(kind, (event) => {
        last = Number(event.lastEventId);
        tell(kind, last);
      });
    }
    events.addEventListener('open', () => tell('open'));
    events.addEventListener('error', () => {
      tell('lost');
      // A refusal ends it for good; the browser tries again by itself otherwise.
      if (events.readyState === EventSource.CLOSED) waits = setTimeout(begin, AGAIN);
    });
  }

  begin();
  return () => {
    clearTimeout(waits);
    events.close();
  };
}

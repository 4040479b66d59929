// Owns the calls that the Rust side makes: wait for the page, wait for an answer, take a reading. Must not judge a reading.
(() => {
  const state = window.__draywatch;
  if (state.ready) return;
  const page = state.page;

  // Log entries that are new or have ended since the last reading, and which have not.
  const drain = () => {
    const told = state.log.filter((entry) => entry.end !== null);
    state.log = state.log.filter((entry) => entry.end === null);
    return { told, open: state.log.map(({ id, kind, method, url, request, phase, start }) => ({ id, kind, method, url, request, phase, start })) };
  };
  const reading = (pictures, extra) => ({
    pictures, base: document.baseURI, ...drain(), signs: page.signs(), phase: state.phase,
    shownBefore: state.shownBefore || [], pickerValue: page.pickerValue(), now: performance.now(), picked: state.picked || 0, ...extra,
  });

  // Waits until the page shows something to pick a day with, its first requests are answered and it has come to rest.
  state.ready = async (limit) => {
    const start = performance.now();
    const usable = () => document.body && (state.isPicker() || page.signs().trouble);
    if (!await page.until(usable, Math.min(limit, 4000)) && document.body) state.openHistory();
    await page.until(usable, Math.max(0, limit - (performance.now() - start)));
    const left = Math.max(0, limit - (performance.now() - start));
    await page.until(() => !page.running() && performance.now() - state.lastChange > 60, Math.min(left, 6000));
    const [navigation] = performance.getEntriesByType('navigation');
    return reading(page.pictures(), { picker: state.isPicker(), days: state.namesDays(), status: navigation?.responseStatus || 0, location: location.href });
  };

  // Waits until a request made since the pick has been answered and its answer drawn, then reads what is shown.
  state.settle = async ({ limit, silence }) => {
    const picked = state.picked || performance.now();
    const mine = () => state.log.filter((entry) => entry.phase === state.phase);
    const answered = await page.until(() => {
      const entries = mine();
      if (entries.some((entry) => entry.end === null && performance.now() - entry.start < 60_000)) return null;
      return entries.length ? 'answered' : performance.now() - picked > silence ? 'silent' : null;
    }, limit);
    const ended = Math.max(picked, ...mine().map((entry) => entry.end || 0));
    await page.until(() => state.lastChange > ended || performance.now() - ended > 150, 400);
    await page.drawn();
    return reading(page.pictures(), { answered: answered || 'waiting', portalTook: ended - picked });
  };

  // Scrolls through everything and reads all that came into view.
  state.read = async (options) => {
    const swept = await page.sweep(options);
    return reading(swept.pictures, { ended: swept.ended });
  };

  // Jumps to the ends of what can be scrolled, and reads what is there when nothing has come for a while.
  state.leap = async (options) => {
    const leapt = await page.leap(options);
    return reading(leapt.pictures, { more: leapt.more });
  };

  // Waits for the page to change by itself, for a day that is answered but not drawn yet.
  state.change = async (limit) => {
    const since = state.lastChange;
    await page.until(() => state.lastChange > since, limit);
    await page.drawn();
    return state.lastChange > since;
  };
})();

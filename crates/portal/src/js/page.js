// Owns looking at the page as a visitor does: what is visible, which pictures it names, scrolling. Must not pick a day.
(() => {
  const state = window.__draywatch;
  if (state.page) return;
  const page = (state.page = {});
  const EMPTY = /\b(no|not any|nothing|zero|without)\b[^.!]{0,40}\b(image|picture|photo|frame|thumbnail|data|histor|record|result|snapshot|capture|item|entr|available|found|recorded|to show|here)|\b(empty|sin datos|sin im[aá]genes|no hay|ning[uú]n|aucune?|keine?|nessun|sem (dados|imagens)|nenhum)|暂无|無|没有|沒有|なし|ありません|없습/i;
  const TROUBLE = /\b(error|fail(ed|ure)?|could ?n[o']t|cannot|can't|unable|went wrong|try again|timed? ?out|unavailable|fehler|erreur|fall[oó]|errore?|erro)\b|出错|失败|錯誤|错误|エラー|오류/i;
  const BUSY = /(^|[-_\s])(loading|spinner|skeleton|progress|busy)([-_\s]|$)/i;
  const PICTURE = /[^\s"'()<>,\\]+\.jpe?g(?:[?#][^\s"'()<>,\\]*)?/gi;

  page.sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  // Two animation frames, or a moment where the browser draws none.
  page.drawn = () => new Promise((done) => {
    const timer = setTimeout(done, 120);
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => { clearTimeout(timer); done(); }, 0)));
  });
  // Waits until `condition` gives something, looking again whenever the page was drawn; undefined when time is up.
  page.until = async (condition, ms) => {
    const end = performance.now() + ms;
    for (;;) {
      const found = condition();
      if (found) return found;
      if (performance.now() >= end) return undefined;
      await Promise.race([page.drawn(), page.sleep(40)]);
    }
  };

  // Every element, through open shadow roots and frames of the same origin.
  page.all = function* (root = document) {
    for (const element of root.querySelectorAll('*')) {
      yield element;
      if (element.shadowRoot) yield* page.all(element.shadowRoot);
      if (element.tagName === 'IFRAME') {
        let inner = null;
        try { inner = element.contentDocument; } catch { /* another origin */ }
        if (inner) yield* page.all(inner);
      }
    }
  };
  page.visible = (element) => {
    const box = element.getBoundingClientRect();
    if (box.width < 1 || box.height < 1) return false;
    const style = getComputedStyle(element);
    return style.visibility !== 'hidden' && style.display !== 'none';
  };

  // Every picture address that the page's elements name, word for word, in document order.
  page.pictures = () => {
    const found = new Set();
    for (const element of page.all()) {
      for (const { name, value } of element.attributes) {
        if (value.length < 8 || !/jpe?g/i.test(value) || name.startsWith('on')) continue;
        const whole = name === 'src' || name === 'href';
        for (const address of whole ? [value] : value.match(PICTURE) || []) found.add(address);
      }
    }
    return [...found];
  };

  const inPicture = (element) => {
    for (let at = element, depth = 0; at && depth < 4; at = at.parentElement, depth += 1) {
      if (/image|img|picture|thumb/i.test(at.getAttribute?.('class') || '') || at.querySelector?.(':scope > img')) return true;
    }
    return false;
  };
  // What the page says in words or signs: that there is nothing, that something failed, that it is still at work.
  page.signs = () => {
    const signs = { empty: '', trouble: '', busy: false, content: false };
    for (const element of page.all()) {
      const name = `${element.getAttribute('class') || ''} ${element.id || ''}`;
      const busy = element.getAttribute('aria-busy') === 'true' || element.getAttribute('role') === 'progressbar' || BUSY.test(name);
      if (busy && !signs.busy && page.visible(element) && !inPicture(element) && getComputedStyle(element).opacity !== '0') signs.busy = true;
      const own = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join(' ').trim();
      if (own.length < 2 || own.length > 200 || /^(script|style|noscript|template|option)$/i.test(element.tagName)) continue;
      if (!signs.content && page.visible(element)) signs.content = true;
      const trouble = TROUBLE.test(own);
      const empty = EMPTY.test(own) || (/(^|[-_\s])(empty|no-?data)([-_\s]|$)/i.test(name) && !/\d/.test(own));
      if ((!trouble && !empty) || !page.visible(element)) continue;
      if (trouble) signs.trouble ||= own; else signs.empty ||= own;
    }
    if (!signs.empty) {
      const bare = [...page.all()].find((e) => /(^|[-_\s])(empty|no-?data)([-_\s]|$)/i.test(e.getAttribute('class') || '') && page.visible(e));
      if (bare) signs.empty = bare.textContent.trim().slice(0, 100) || 'an empty sign';
    }
    return signs;
  };

  // Scroll containers that may hold the history, innermost first, then the window itself.
  page.scrollers = () => {
    const found = [];
    for (const element of page.all()) {
      if (element.scrollHeight <= element.clientHeight + 4 || element.clientHeight < 40) continue;
      if (element === document.scrollingElement || element === document.body) continue;
      if (/auto|scroll|overlay/.test(getComputedStyle(element).overflowY) && page.visible(element)) found.push(element);
    }
    found.reverse();
    if (document.scrollingElement) found.push(document.scrollingElement);
    return found;
  };
  const MORE = /^\W*((load|show|view|see|fetch|get|go to)( the)?)?\s*(more|older|earlier|next)\b(?!.*(month|year|day))|^\W*(cargar|ver|mostrar) m[aá]s|加载更多|更多|もっと|더 보기|^\W*(voir|charger) plus|^\W*mehr|下一页|siguiente|suivant|nächste|próxima/i;
  const moreButtons = () => [...page.all()].filter((element) => {
    if (!/^(button|a)$/i.test(element.tagName) && element.getAttribute('role') !== 'button') return false;
    if (element.disabled || element.getAttribute('aria-disabled') === 'true') return false;
    const text = (element.textContent.trim() || element.getAttribute('aria-label') || '').slice(0, 60);
    return MORE.test(text) && page.visible(element) && !element.closest('table,[role=dialog],[role=grid]');
  });
  // Parts of a list that are folded away or behind a tab named by an hour or a number; tabs with names may lead elsewhere.
  const folded = () => [...page.all()].filter((element) => {
    const role = element.getAttribute('role');
    const tab = role === 'tab' && element.getAttribute('aria-selected') === 'false' && /\d/.test(element.textContent) && element.textContent.trim().length < 16;
    const fold = element.getAttribute('aria-expanded') === 'false' && role !== 'combobox' && !element.getAttribute('aria-haspopup') && element.tagName !== 'INPUT';
    return (tab || fold || (element.tagName === 'SUMMARY' && !element.parentElement.open)) && page.visible(element) && !element.closest('table,[role=dialog],[role=grid],[role=menu],nav');
  });
  const running = () => state.log.some((entry) => entry.end === null && entry.phase === state.phase && performance.now() - entry.start < 60_000);
  page.running = running;

  const nudge = (box) => {
    box.dispatchEvent(new Event('scroll', { bubbles: box === document.scrollingElement }));
    box.dispatchEvent(new WheelEvent('wheel', { deltaY: 400, bubbles: true, composed: true }));
  };

  // Jumps everything to its end, again while it grows, and waits until nothing was asked for or drawn for `quiet`.
  page.leap = async ({ quiet, limit }) => {
    const end = performance.now() + limit;
    const found = new Set(page.pictures());
    for (let height = -1; performance.now() < end;) {
      const boxes = page.scrollers();
      const total = boxes.reduce((sum, box) => sum + box.scrollHeight, 0);
      if (total === height) break;
      height = total;
      for (const box of boxes) { box.scrollTop = box.scrollHeight; nudge(box); }
      const since = performance.now();
      await page.drawn();
      await page.until(() => !running() && performance.now() - Math.max(since, state.lastChange) >= quiet, Math.max(0, end - performance.now()));
      for (const address of page.pictures()) found.add(address);
    }
    return { pictures: [...found], more: moreButtons().length > 0 };
  };

  // Scrolls everything to its end, step by step, and tells every picture address seen on the way.
  // `pause` is how long each step lasts at least; `quiet` how long nothing may change at the end.
  page.sweep = async ({ pause, quiet, limit }) => {
    const end = performance.now() + limit;
    const found = new Map();
    const note = () => { for (const address of page.pictures()) if (!found.has(address)) found.set(address, found.size); };
    const rest = async () => { if (pause > 0) await page.sleep(pause); else await page.drawn(); };
    let grown = true;
    note();
    while (grown && performance.now() < end) {
      const before = found.size;
      const clicked = new Set();
      for (const box of page.scrollers()) {
        box.scrollTop = 0;
        await rest();
        note();
        for (let last = -1; box.scrollTop !== last && performance.now() < end;) {
          last = box.scrollTop;
          box.scrollTop = last + Math.max(80, box.clientHeight * 0.8);
          if (box.scrollTop === last) break;
          await rest();
          note();
        }
        nudge(box);
      }
      for (const button of [...moreButtons(), ...(pause > 0 ? folded() : [])]) {
        if (clicked.has(button)) continue;
        clicked.add(button);
        button.click();
        await rest();
        note();
      }
      const since = performance.now();
      await page.until(() => !running() && performance.now() - Math.max(since, state.lastChange) >= quiet, Math.max(0, Math.min(end - performance.now(), 60_000)));
      note();
      grown = found.size > before && (before > 0 || pause > 0) || (running() && performance.now() < end) || (found.size > before && page.scrollers().length > 0);
    }
    return { pictures: [...found.keys()], ended: performance.now() < end };
  };
})();

// Owns looking at the page as a visitor does: what is visible, which pictures it names, scrolling. Must not pick a day.
(() => {
  const state = window.__draywatch;
  if (state.page) return;
  const page = (state.page = {});
  // What was pressed and led to another day or camera.
  state.strays = new WeakSet();
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
  // Two animation frames, for however long a busy machine takes: what hears scrolling runs with them. A hidden page draws none.
  page.painted = async (limit) => {
    if (document.visibilityState === 'hidden') return page.drawn().then(() => true);
    return new Promise((done) => {
      const timer = setTimeout(() => done(false), limit);
      requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => { clearTimeout(timer); done(true); }, 0)));
    });
  };
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

  // Whether an element draws a picture, itself or as its background.
  page.isPicture = (element) => /jpe?g/i.test(element.tagName === 'IMG' ? element.src : element.style?.backgroundImage || '');

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
  // What a button says that brings more of a list or turns to its next page, in the languages of the picker. Going back, and
  // turning the calendar, is something else.
  const MORE = new RegExp([
    String.raw`^\W*((load|show|view|see|fetch|get|go to)( the| some| all)?)?\s*(more|older|earlier|further|additional|remaining|next)\b(?!.*(month|year|day))`,
    String.raw`^\W*\d+ (more|further|others?|weitere|mehr|más|autres|de plus|altr[ie]|mais|meer)\b(?!.*(month|year|day|camera))|^\W*\+ ?\d+\W*$`,
    String.raw`^\W*(load|show|view|see) (all|previous|the rest|\d+ more)\b(?!.*(month|year|day|camera))`,
    String.raw`^\W*(mehr|weitere|ältere|frühere|nächste seite|alle (bilder|aufnahmen|anzeigen|laden))(?!.*(monat|jahr|tag\b))`,
    String.raw`^\W*((cargar|ver|mostrar)\s+)?(más|mas|anteriores|siguiente)(?!.*(mes|año|día))|^\W*(cargar|ver|mostrar) .*(anteriores|más|todo)`,
    String.raw`^\W*((voir|charger|afficher)\s+)?(plus|suivante?s?)(?!.*(mois|année|jour))|^\W*(voir|charger|afficher) .*(précédente?s?|plus|tout)`,
    String.raw`^\W*((carica|mostra)\s+)(altr[ie]|precedenti|tutt[ie]|di più)|^\W*(successiv[ao]|prossima pagina)`,
    String.raw`^\W*((carregar|mostrar|ver)\s+)(mais|anteriores|tudo)|^\W*próxima(?!.*(mês|ano|dia))`,
    String.raw`^\W*(meer|oudere|eerdere|volgende)(?!.*(maand|jaar|dag))`,
    '加载更多|更多|下一页|もっと|次のページ|더 보기|다음 페이지|показать ещё|показать еще|загрузить ещё|загрузить еще|xem thêm|tải thêm',
  ].join('|'), 'iu');
  // What a button below a list does that is not to bring more of it.
  const OTHER = /download|refresh|reload|retry|try again|share|print|top\b|back|previous|delete|remove|log ?(in|out)|sign|close|cancel|clear|filter|sort|export|report|contact|herunter|aktualis|erneut|teilen|oben|zurück|descarg|actualiz|compart|volver|télécharg|actualis|partag|retour|scaric|aggiorn|baixar|atualiz|下载|刷新|返回|更新|戻る|새로/i;
  // A calendar, a menu, a question; a drawer in which the pictures are is the list itself.
  const isInOtherDialog = (element) => {
    const dialog = element.closest('[role=dialog]');
    return Boolean(dialog) && !dialog.querySelector('img[src*=".jp"],[style*=".jp"]');
  };
  // Whether following it stays on this page.
  page.stays = (element) => {
    const to = element.getAttribute('href');
    return !to || /^(#|javascript:)/i.test(to) || (to.includes('#') && to.split('#')[0] === location.href.split('#')[0]);
  };
  const pressable = (element) => (/^(button|a)$/i.test(element.tagName) || element.getAttribute('role') === 'button')
    && !element.disabled && element.getAttribute('aria-disabled') !== 'true' && !state.strays.has(element)
    && !element.closest('table,[role=grid],[role=menu]') && !isInOtherDialog(element);
  const wordsOf = (element) => (element.textContent.trim() || element.getAttribute('aria-label') || element.getAttribute('title') || '').slice(0, 60);
  const TODAY = /today|yesterday|tomorrow|heute|gestern|hoy|ayer|aujourd|hier|oggi|ieri|hoje|ontem|今天|昨天|今日|昨日|오늘|어제|now\b|live\b/i;
  // Beside the picker such words are of days.
  const OF_DAYS = /older|earlier|later|next|previous|frühere|ältere|nächste|anterior|siguiente|suivant|précédent|successiv|prossima|próxima|oudere|eerdere|volgende|下一|次の|다음/i;
  page.isBesidePicker = (element) => {
    let bar = page.picker();
    for (let depth = 0; bar?.parentElement && depth < 4 && ![...bar.parentElement.querySelectorAll('*')].some(page.isPicture); depth += 1) bar = bar.parentElement;
    return Boolean(bar?.contains(element));
  };
  // Whether a button beside the picker may be the one that sends what was picked: not one that steps a day, or does something else.
  page.confirmsPick = (element) => page.isBesidePicker(element) && element !== page.picker() && !page.picker()?.contains(element)
    && !element.closest('[role=dialog],table,[role=grid]') && !OF_DAYS.test(wordsOf(element)) && !OTHER.test(wordsOf(element)) && !TODAY.test(wordsOf(element));
  page.leadsOn = (element) => MORE.test(wordsOf(element)) && !(OF_DAYS.test(wordsOf(element)) && page.isBesidePicker(element));
  const moreButtons = () => [...page.all()].filter((element) => pressable(element) && page.leadsOn(element) && page.visible(element));
  // The first button below the last picture, whatever it says: where there is more, one like it must bring it.
  const buttonBelow = () => {
    const pictures = [...page.all()].filter((element) => page.isPicture(element) && page.visible(element));
    const last = pictures.at(-1);
    if (!last) return [];
    const follows = (element) => last.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING;
    const isUnknown = (element) => pressable(element) && follows(element) && page.stays(element) && !element.hasAttribute('aria-expanded')
      && !OTHER.test(wordsOf(element)) && !element.closest('nav,footer') && !page.isBesidePicker(element) && page.visible(element);
    return [...page.all()].filter(isUnknown).slice(0, 1);
  };
  // The number after the present one in a row of page numbers that has no button for the next page.
  const nextNumber = () => {
    const isCurrent = (element) => (element.getAttribute('aria-current') && element.getAttribute('aria-current') !== 'false')
      || /(^|[-_\s])(active|current|selected)([-_\s]|$)/i.test(element.getAttribute('class') || '');
    const numbers = [...page.all()].filter((element) => /^\d{1,4}$/.test(element.textContent.trim()) && element.children.length === 0
      && !element.closest('table,[role=dialog],[role=grid]') && page.visible(element));
    const holder = (element) => /^(li|a|button)$/i.test(element.tagName) ? element : element.closest('li,a,button');
    for (const current of numbers.map(holder).filter((element) => element && isCurrent(element))) {
      const wanted = String(Number(current.textContent) + 1);
      const row = current.parentElement?.closest('li') ? current.parentElement.closest('li').parentElement : current.parentElement;
      const next = numbers.find((element) => element.textContent.trim() === wanted && row?.contains(element));
      if (next) return [holder(next) || next];
    }
    return [];
  };
  const turners = (insists) => {
    for (const find of [moreButtons, nextNumber, ...(insists ? [buttonBelow] : [])]) {
      const found = find();
      if (found.length) return found;
    }
    return [];
  };
  // What is part of another thing than a list.
  page.isElsewhere = (element) => Boolean(element.closest('table,[role=grid],[role=menu],nav')) || isInOtherDialog(element);
  // Parts of a list that are folded away.
  const folded = () => [...page.all()].filter((element) => {
    const role = element.getAttribute('role');
    const fold = element.getAttribute('aria-expanded') === 'false' && role !== 'combobox' && !element.getAttribute('aria-haspopup') && element.tagName !== 'INPUT';
    return (fold || (element.tagName === 'SUMMARY' && !element.parentElement.open)) && page.visible(element) && !page.isElsewhere(element);
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

  // Which positions of which controls were looked at since the pick: once, since each may cost the portal a request.
  const triedSince = (phase) => {
    const known = new WeakMap();
    const of = (element) => known.get(element) || new Set();
    return {
      phase,
      has: (position) => of(position.of).has(position.at),
      add: (position) => known.set(position.of, of(position.of).add(position.at)),
    };
  };
  // What was found on the way, in the order of the page where nearly all of it is there in the end: buttons bring pictures between those
  // that were found before.
  const inOrder = (found, last) => {
    const known = last.filter((address) => found.has(address));
    if (known.length < found.size * 0.9) return [...found.keys()];
    const shown = new Set(known);
    return [...known, ...[...found.keys()].filter((address) => !shown.has(address))];
  };
  const shownCamera = () => location.pathname + new URLSearchParams(location.search).get('streamName');

  // Scrolls everything to its end, step by step, and tells every picture address seen on the way.
  // `pause` is how long each step lasts at least; `quiet` how long nothing may change at the end; `presses` whether buttons that
  // bring more are pressed, `insists` whether also the first one below the pictures.
  page.sweep = async ({ pause, quiet, limit, presses, insists }) => {
    const end = performance.now() + limit;
    if (state.tried?.phase !== state.phase) state.tried = triedSince(state.phase);
    const tried = state.tried;
    const found = new Map();
    const note = () => { for (const address of page.pictures()) if (!found.has(address)) found.set(address, found.size); };
    // How long a step is waited for to be drawn; where none is drawn at all, no longer than that once.
    let patience = 5000;
    const rest = async () => {
      if (pause === 0) return page.drawn();
      await page.sleep(pause);
      if (!await page.painted(patience)) patience = 120;
    };
    // Waits until nothing was asked for or drawn for `quiet`.
    const settled = () => {
      const since = performance.now();
      return page.until(() => !running() && performance.now() - Math.max(since, state.lastChange) >= quiet, Math.max(0, Math.min(end - performance.now(), 60_000)));
    };
    // Moves something; whether that led to another day or camera, from which there was a way back.
    const strayed = async (element, move) => {
      const before = page.pickerValue();
      const camera = shownCamera();
      await move();
      await rest();
      note();
      const isOtherDay = before && page.pickerValue() && page.pickerValue() !== before;
      if (!isOtherDay && shownCamera() === camera) return false;
      state.strays.add(element);
      if (isOtherDay) { await page.comeBack(); await settled(); }
      return true;
    };
    const scroll = async () => {
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
      // Only what was looked at patiently may be replaced: a button can turn a page before its lazy pictures are there.
      for (const button of presses ? new Set([...turners(insists), ...folded()]) : []) await strayed(button, () => button.click());
    };
    // Looks at every position of what the list may be divided between, once, and leaves each control as it was. What there is no
    // time for is looked at by the next sweep.
    const parts = async () => {
      for (const { holder, positions, back } of presses ? page.choices(insists) : []) {
        if (state.strays.has(holder)) continue;
        const unseen = positions.filter((position) => !tried.has(position));
        for (const position of unseen) {
          if (performance.now() >= end || state.strays.has(holder)) break;
          if (!position.of.isConnected) continue;
          if (!await strayed(holder, position.move)) await all();
          if (performance.now() < end) tried.add(position);
        }
        // What was chosen is looked at again: it may have failed the first time.
        if (unseen.length > 0) {
          await back();
          await rest();
          note();
          await all();
        }
      }
    };
    // Scrolls until nothing more comes.
    const all = async () => {
      await settled();
      for (let before = -1; found.size > before && performance.now() < end;) {
        before = found.size;
        await scroll();
        await settled();
        note();
      }
    };
    let grown = true;
    note();
    while (grown && performance.now() < end) {
      const before = found.size;
      await scroll();
      await parts();
      if (pause > 0) await page.painted(patience);
      await settled();
      note();
      grown = found.size > before && (before > 0 || pause > 0) || (running() && performance.now() < end) || (found.size > before && page.scrollers().length > 0);
    }
    return { pictures: inOrder(found, page.pictures()), ended: performance.now() < end };
  };
})();

// Owns picking a calendar day the way a visitor would, by what the page shows and does, not by class names.
// Must not decide whether the right history is shown afterwards.
(() => {
  const state = window.__draywatch;
  if (state.pick) return;
  const page = state.page;

  // ---- months and dates in words ------------------------------------------------------------------------------------
  const languages = [...new Set([document.documentElement.lang || 'en', navigator.language || 'en', 'en', 'es', 'zh', 'fr', 'de', 'pt', 'it', 'ja', 'ko', 'ru', 'nl', 'vi'])];
  const plain = (text) => text.toLowerCase().normalize('NFD').replace(/[\u0300-\u036f.]/g, '').replace(/\s+/g, ' ').trim();
  const names = new Map();
  for (const language of languages) {
    for (const month of ['long', 'short']) {
      for (let m = 0; m < 12; m += 1) {
        try {
          const name = plain(new Intl.DateTimeFormat(language, { month, timeZone: 'UTC' }).format(new Date(Date.UTC(2024, m, 15))));
          if (name && !/^\d+$/.test(name) && !names.has(name)) names.set(name, m + 1);
        } catch { /* a tag that is no language */ }
      }
    }
  }
  const byLength = [...names.keys()].sort((a, b) => b.length - a.length);
  const monthName = (text) => {
    for (const name of byLength) {
      const at = text.indexOf(name);
      if (at < 0) continue;
      const before = text[at - 1] || ' ';
      const after = text[at + name.length] || ' ';
      if (/\p{L}/u.test(name[0]) && /[a-zа-я]/.test(name[0]) && (/[a-zа-я]/.test(before) || /[a-zа-я]/.test(after))) continue;
      return names.get(name);
    }
    return 0;
  };
  // Year and month in a heading such as "2025 September", "sept. 2025", "2025年9月", "09/2025"; null when there is none.
  const readMonth = (words) => {
    const text = plain(words);
    const years = text.match(/(?<!\d)(19|20)\d{2}(?!\d)/g);
    if (!years) return null;
    const year = Number(years[0]);
    const asian = text.match(/(?<!\d)(\d{1,2}) ?[月월]/);
    if (asian) return { year, month: Number(asian[1]) };
    const named = monthName(text);
    if (named) return { year, month: named };
    const numeric = text.replace(years[0], ' ').match(/(?<!\d)(0?[1-9]|1[0-2])(?!\d)/);
    return numeric ? { year, month: Number(numeric[1]) } : null;
  };
  // Whether words (of an input, a label, an attribute) name the day, in whatever order and language.
  const namesDay = (words, day) => {
    const text = plain(words || '');
    if (!text) return false;
    const iso = text.match(/(\d{4})[-/.年 ]+(\d{1,2})[-/.月 ]+(\d{1,2})/);
    if (iso) return Number(iso[1]) === day.year && Number(iso[2]) === day.month && Number(iso[3]) === day.day;
    const numbers = (text.match(/\d+/g) || []).map(Number);
    const yearAt = numbers.findIndex((n) => n === day.year || n === day.year % 100);
    if (yearAt < 0) return false;
    const rest = numbers.filter((_, at) => at !== yearAt);
    const named = monthName(text);
    if (named) return named === day.month && rest.includes(day.day);
    return rest.length >= 2 && ((rest[0] === day.month && rest[1] === day.day) || (rest[1] === day.month && rest[0] === day.day));
  };
  const looksLikeDate = (words) => {
    const text = plain(words || '');
    return text.length < 60 && (/\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}/.test(text) || (/\d/.test(text) && monthName(text) > 0));
  };

  // ---- acting like a visitor ----------------------------------------------------------------------------------------
  const press = (element) => {
    const box = element.getBoundingClientRect();
    const at = { bubbles: true, cancelable: true, composed: true, view: window, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, button: 0, detail: 1 };
    element.dispatchEvent(new PointerEvent('pointerdown', { ...at, pointerType: 'mouse', isPrimary: true, buttons: 1 }));
    element.dispatchEvent(new MouseEvent('mousedown', { ...at, buttons: 1 }));
    if (typeof element.focus === 'function') element.focus();
    element.dispatchEvent(new PointerEvent('pointerup', { ...at, pointerType: 'mouse', isPrimary: true }));
    element.dispatchEvent(new MouseEvent('mouseup', at));
    if (typeof element.click === 'function') element.click(); else element.dispatchEvent(new MouseEvent('click', at));
  };
  const key = (element, name) => {
    for (const type of ['keydown', 'keypress', 'keyup']) {
      element.dispatchEvent(new KeyboardEvent(type, { key: name, code: name, bubbles: true, composed: true, cancelable: true }));
    }
  };
  const fill = (element, value) => {
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(element), 'value').set.call(element, value);
    element.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    element.dispatchEvent(new Event('change', { bubbles: true, composed: true }));
  };

  // ---- what can be picked with --------------------------------------------------------------------------------------
  const HINT = /date|day|calend|fecha|d[ií]a\b|jour|datum|\btag\b|giorno|\bdata\b|日期|日付|날짜|when/i;
  const hintOf = (element) => {
    let words = ['placeholder', 'aria-label', 'name', 'id', 'title', 'class'].map((n) => element.getAttribute(n) || '').join(' ');
    for (let at = element.parentElement, depth = 0; at && depth < 3; at = at.parentElement, depth += 1) words += ` ${at.getAttribute('class') || ''}`;
    return words;
  };
  const scored = () => {
    const found = [];
    for (const element of page.all()) {
      const input = element.tagName === 'INPUT';
      const type = (element.getAttribute('type') || 'text').toLowerCase();
      if (input && /^(checkbox|radio|submit|file|password|hidden|range|color|button|image|reset)$/.test(type)) continue;
      const button = !input && (element.tagName === 'BUTTON' || /^(button|combobox)$/.test(element.getAttribute('role') || '') || /^(dialog|grid)$/.test(element.getAttribute('aria-haspopup') || ''));
      if ((!input && !button) || element.disabled || !page.visible(element)) continue;
      let score = input ? 1 : 0;
      if (type === 'date') score += 60;
      if (HINT.test(hintOf(element))) score += 40;
      if (looksLikeDate(input ? element.value : element.textContent)) score += 30;
      if (element.getAttribute('aria-haspopup') || element.getAttribute('role') === 'combobox') score += 10;
      if (input && element.readOnly) score += 5;
      if (!input && score < 40) continue;
      if (element.closest('table,[role=grid]')) continue;
      found.push({ element, score });
    }
    return found.sort((a, b) => b.score - a.score);
  };
  const pickers = () => scored().map(({ element }) => element);
  page.picker = () => pickers()[0];
  page.pickerValue = () => {
    for (const element of pickers().slice(0, 4)) {
      const words = element.tagName === 'INPUT' ? element.value : element.textContent;
      if (looksLikeDate(words)) return words;
    }
    return '';
  };

  // ---- calendars ----------------------------------------------------------------------------------------------------
  const dayOf = (cell) => {
    const found = cell.textContent.trim().match(/^(\d{1,2})(?!\d)/);
    return found && Number(found[1]) >= 1 && Number(found[1]) <= 31 ? Number(found[1]) : 0;
  };
  // The cells of a calendar's grid: at least four weeks of day numbers in a table, or in whatever repeats.
  const cellsOf = (grid) => [...grid.querySelectorAll('td,[role=gridcell],[role=cell]')].filter((cell) => dayOf(cell) && !cell.querySelector('td,[role=gridcell]'));
  const calendars = () => {
    const found = [];
    for (const element of page.all()) {
      if (!/^(table)$/i.test(element.tagName) && element.getAttribute('role') !== 'grid') continue;
      if (element.querySelector('table,[role=grid]') || !page.visible(element)) continue;
      const cells = cellsOf(element);
      if (cells.length >= 28 && cells.length <= 62) found.push({ grid: element, cells });
    }
    return found.length ? found : looseCalendars();
  };
  const looseCalendars = () => {
    const groups = new Map();
    for (const element of page.all()) {
      if (!/^\d{1,2}$/.test(element.textContent.trim()) || !dayOf(element)) continue;
      if (element.parentElement && element.parentElement.textContent.trim() === element.textContent.trim()) continue;
      if (!page.visible(element)) continue;
      for (let at = element.parentElement, depth = 0; at && depth < 3; at = at.parentElement, depth += 1) {
        if (!groups.has(at)) groups.set(at, []);
        groups.get(at).push(element);
      }
    }
    const found = [...groups].filter(([, cells]) => cells.length >= 28 && cells.length <= 62);
    found.sort((a, b) => a[0].querySelectorAll('*').length - b[0].querySelectorAll('*').length);
    return found.slice(0, 1).map(([grid, cells]) => ({ grid, cells }));
  };
  // The month a calendar shows: from the words around its grid, and the element that holds them.
  const headOf = (calendar) => {
    const labels = [calendar.grid.getAttribute('aria-label'), calendar.grid.querySelector('caption')?.textContent];
    for (const label of labels) {
      const month = label && readMonth(label);
      if (month) return { ...month, root: calendar.grid.parentElement };
    }
    const inside = new Set([calendar.grid, ...calendar.grid.querySelectorAll('*')]);
    for (let at = calendar.grid.parentElement, depth = 0; at && at !== document.body && depth < 6; at = at.parentElement, depth += 1) {
      let words = '';
      const walker = document.createTreeWalker(at, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (!inside.has(node.parentElement) && page.visible(node.parentElement)) words += ` ${node.data}`;
      }
      const month = readMonth(words);
      if (month) return { ...month, root: at };
    }
    return null;
  };
  const shown = (day) => {
    const all = calendars().map((calendar) => ({ ...calendar, head: headOf(calendar) })).filter((c) => c.head);
    return all.find((c) => c.head.year === day.year && c.head.month === day.month) || all[0] || null;
  };
  const monthsBetween = (head, day) => (day.year - head.year) * 12 + (day.month - head.month);

  // Buttons around the grid that may turn pages: those left of the middle for going back, nearest first.
  const turners = (calendar, forward) => {
    const area = calendar.head.root;
    const middle = calendar.grid.getBoundingClientRect();
    const centre = middle.x + middle.width / 2;
    const found = [];
    const look = (root) => {
      for (const element of root.querySelectorAll('button,a,i,svg,[role=button],span,div')) {
        if (calendar.grid.contains(element) || element.contains(calendar.grid) || !page.visible(element)) continue;
        const box = element.getBoundingClientRect();
        if (box.width > 80 || box.height > 80 || box.y > middle.y + middle.height / 2) continue;
        const clickable = /^(BUTTON|A)$/.test(element.tagName) || element.getAttribute('role') === 'button' || getComputedStyle(element).cursor === 'pointer';
        if (!clickable || element.disabled || element.parentElement?.closest('button,a,[role=button]')) continue;
        if (readMonth(element.textContent) || monthName(plain(element.textContent)) || /\d{4}/.test(element.textContent)) continue;
        const side = box.x + box.width / 2 - centre;
        const words = plain(`${element.getAttribute('aria-label') || ''} ${element.getAttribute('title') || ''} ${element.getAttribute('class') || ''} ${element.textContent}`);
        let score = -Math.abs(side) / 1000;
        if (forward ? side > 0 : side < 0) score += 4;
        if (forward ? /next|forward|right|›|»|>|→/.test(words) : /prev|back|left|‹|«|<|←/.test(words)) score += 2;
        if (/month|mes\b|mois|monat|月/.test(words)) score += 1;
        if (/year|ano\b|annee|jahr|double|d-arrow|年|«|»/.test(words)) score -= 3;
        found.push({ element, score });
      }
    };
    look(area);
    if (!found.length && area.parentElement) look(area.parentElement);
    return found.sort((a, b) => b.score - a.score).slice(0, 8).map(({ element }) => element);
  };
  // Turns the calendar to the month by trying buttons and keeping those that bring it nearer.
  const turn = async (day) => {
    const bad = new Set();
    const learned = new Map();
    for (let step = 0; step < 400; step += 1) {
      const calendar = shown(day);
      if (!calendar) return 'the calendar closed while its months were turned';
      const away = monthsBetween(calendar.head, day);
      if (away === 0) return null;
      const candidates = turners(calendar, away > 0).filter((b) => !bad.has(b));
      const known = candidates.filter((b) => Math.sign(learned.get(b) || 0) === Math.sign(away) && Math.abs(learned.get(b)) <= Math.abs(away));
      known.sort((a, b) => Math.abs(learned.get(b)) - Math.abs(learned.get(a)));
      const unknown = candidates.filter((b) => !learned.has(b));
      const button = known[0] || unknown[0];
      if (!button) return `no button of the calendar leads from ${calendar.head.year}-${calendar.head.month} towards ${day.year}-${day.month}`;
      press(button);
      const moved = await page.until(() => {
        const now = shown(day);
        return now && monthsBetween(now.head, day) !== away ? { by: away - monthsBetween(now.head, day) } : null;
      }, learned.has(button) ? 1500 : 400);
      if (moved) learned.set(button, moved.by);
      else bad.add(button);
    }
    return 'the calendar could not be turned to the month';
  };
  const cellFor = (calendar, day) => {
    const first = calendar.cells.findIndex((cell) => dayOf(cell) === 1);
    const cell = first >= 0 ? calendar.cells[first + day.day - 1] : null;
    return cell && dayOf(cell) === day.day ? cell : calendar.cells.filter((c) => dayOf(c) === day.day)[0] || null;
  };
  const isOff = (cell) => [cell, ...cell.querySelectorAll('*')].some((e) => e.disabled || e.getAttribute('aria-disabled') === 'true' || /(^|[-_\s])disabled([-_\s]|$)/.test(e.getAttribute('class') || ''));
  const innermost = (cell, day) => {
    let at = cell;
    while (at.children.length === 1 && dayOf(at.children[0]) === day.day) at = at.children[0];
    return at;
  };
  const closeAll = () => {
    for (const element of [document.activeElement, document.body]) if (element) key(element, 'Escape');
    document.activeElement?.blur?.();
    for (const type of ['pointerdown', 'mousedown', 'mouseup', 'click']) document.body.dispatchEvent(new MouseEvent(type, { bubbles: true, composed: true }));
  };

  // Opens a calendar (or finds one that is open), turns it to the month, tells the cell; or why not.
  const openCalendar = async (day) => {
    if (shown(day)) return null;
    const candidates = pickers();
    if (!candidates.length) return 'no field or button for a date was found';
    for (const element of candidates.slice(0, 6)) {
      element.scrollIntoView({ block: 'center' });
      press(element);
      if (await page.until(() => shown(day), 700)) return null;
      const inner = element.parentElement;
      if (inner) { press(inner); if (await page.until(() => shown(day), 300)) return null; }
      closeAll();
    }
    return 'no calendar opened';
  };
  const viaCalendar = async (day, go) => {
    const closed = await openCalendar(day);
    if (closed) return { trouble: closed };
    const stuck = await turn(day);
    if (stuck) { closeAll(); return { trouble: stuck }; }
    const cell = cellFor(shown(day), day);
    if (!cell) { closeAll(); return { trouble: `the calendar has no cell for the ${day.day}.` }; }
    if (isOff(cell)) { closeAll(); return { disabled: true, trouble: 'the calendar does not let that day be picked' }; }
    go();
    press(innermost(cell, day));
    await page.drawn();
    if (shown(day) && !page.pickerValue()) await page.until(() => !shown(day), 200);
    return { how: 'calendar' };
  };

  // ---- other ways ---------------------------------------------------------------------------------------------------
  const two = (n) => String(n).padStart(2, '0');
  const isoOf = (day) => `${day.year}-${two(day.month)}-${two(day.day)}`;
  const viaDateInput = (day, go) => {
    const input = pickers().find((e) => e.tagName === 'INPUT' && e.getAttribute('type') === 'date');
    if (!input) return null;
    if ((input.max && isoOf(day) > input.max) || (input.min && isoOf(day) < input.min)) return { disabled: true, trouble: 'the date field does not allow that day' };
    go();
    fill(input, isoOf(day));
    return { how: 'date field' };
  };
  const viaSelect = (day, go) => {
    for (const select of document.querySelectorAll('select')) {
      const option = [...select.options].find((o) => namesDay(o.value, day) || namesDay(o.textContent, day));
      if (!option) continue;
      go();
      select.value = option.value;
      select.dispatchEvent(new Event('input', { bubbles: true }));
      select.dispatchEvent(new Event('change', { bubbles: true }));
      return { how: 'list of days' };
    }
    return null;
  };
  const viaTyping = async (day, go) => {
    const input = pickers().find((e) => e.tagName === 'INPUT' && !e.readOnly);
    if (!input) return null;
    const was = input.value;
    const forms = [isoOf(day), `${two(day.month)}/${two(day.day)}/${day.year}`, `${two(day.day)}/${two(day.month)}/${day.year}`, `${day.year}/${two(day.month)}/${two(day.day)}`];
    for (const form of forms) {
      press(input);
      go();
      fill(input, form);
      key(input, 'Enter');
      input.blur();
      if (await page.until(() => input.value !== was && namesDay(input.value, day), 400)) return { how: 'typing' };
    }
    return { trouble: 'typing the date had no effect' };
  };

  // Picks the day. From the moment of the decisive click on, requests belong to the next phase.
  // Answers { how } or { trouble, disabled }, with what the picker shows afterwards.
  state.pick = (day) => {
    state.day = day;
    return choose(day, () => { state.phase += 1; state.picked = performance.now(); state.shownBefore = page.pictures(); });
  };
  // The day again that is picked, after something else than the picker led to another one.
  page.comeBack = () => (state.day ? choose(state.day, () => {}) : null);
  const choose = async (day, go) => {
    const done = (result) => ({ ...result, value: page.pickerValue(), matches: namesDay(page.pickerValue(), day), phase: state.phase });
    const direct = viaDateInput(day, go) || viaSelect(day, go);
    if (direct) return done(direct);
    const calendar = await viaCalendar(day, go);
    if (calendar.how || calendar.disabled) return done(calendar);
    const typed = await viaTyping(day, go);
    return done(typed && typed.how ? typed : calendar);
  };
  // A page may want its pick confirmed. Presses one such button, if there is one: one that says so, else one that stands beside the picker.
  const CONFIRMS = new RegExp([
    String.raw`^\W*(ok|okay|apply|search|go|load|show|submit|confirm|view|get|query|find|done)\b`,
    String.raw`^\W*(buscar|aplicar|aceptar|ver|consultar|mostrar|cargar|ir|pesquisar|confirmar|carregar|visualizar)\b`,
    String.raw`^\W*(suchen|anzeigen|laden|übernehmen|anwenden|bestätigen|los)\b|^\W*(chercher|rechercher|valider|afficher|appliquer|charger|voir)\b`,
    String.raw`^\W*(mostra|visualizza|cerca|vai|applica|conferma|carica)\b|^\W*(zoeken|tonen|toepassen|bevestigen)\b`,
    '^(确定|查询|搜索|查看|显示|検索|表示|適用|決定|조회|검색|보기|확인|показать|найти|применить|xem|tìm)',
  ].join('|'), 'iu');
  state.confirm = () => {
    const buttons = [...page.all()].filter((element) => (element.tagName === 'BUTTON' || element.getAttribute('role') === 'button' || element.matches('input[type=submit],input[type=button]'))
      && !element.disabled && page.visible(element));
    const said = (element) => (element.textContent.trim() || element.value || '').slice(0, 40);
    const isWord = (element) => /\p{L}{2}/u.test(said(element)) && said(element).length < 25;
    const confirms = (element) => CONFIRMS.test(said(element)) && said(element).length < 28 && !page.leadsOn(element);
    const button = buttons.find((element) => confirms(element) && page.isBesidePicker(element))
      || buttons.find(confirms)
      || buttons.find((element) => isWord(element) && page.confirmsPick(element));
    if (button) press(button);
    return Boolean(button);
  };
  // The history may be behind a tab or a button of its own.
  state.openHistory = () => {
    const entry = [...page.all()].find((element) => {
      const link = element.tagName === 'A' && /^#/.test(element.getAttribute('href') || '');
      const clickable = link || element.tagName === 'BUTTON' || /^(tab|button)$/.test(element.getAttribute('role') || '');
      return clickable && /histor|archiv|past|previous days|calendar|历史|歷史/i.test(element.textContent) && element.textContent.trim().length < 40 && page.visible(element);
    });
    if (entry) press(entry);
    return Boolean(entry);
  };
  state.namesDay = namesDay;
  // Whether something names days, rather than being merely a field to type into.
  state.namesDays = () => calendars().length > 0 || scored().some(({ score }) => score >= 30);
  state.isPicker = () => pickers().length > 0 || calendars().length > 0 || document.querySelector('select') !== null;
})();

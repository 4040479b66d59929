// Owns finding the controls between whose positions a list may be divided (tabs, radio buttons, chips, lists, sliders, switches) and how
// each is moved. Must not look at what they show.
(() => {
  const state = window.__draywatch;
  const page = state.page;
  if (page.choices) return;
  // More positions than a day has parts lead elsewhere: a size, a volume, every camera of a country.
  const MOST = 48;
  // Going to another day is the picker's work.
  const DAY = /\b20[2-9]\d\b|\d{1,2}[./]\d{1,2}\b|\b(today|yesterday|tomorrow|heute|gestern|hoy|ayer|aujourd.hui|hier|oggi|ieri|hoje|ontem|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)/i;
  const ACTIVE = /(^|[-_])(active|current|selected|checked|on|primary)$/i;

  const words = (element) => element.textContent.trim();
  const isNumbered = (element) => /\d/.test(words(element)) && words(element).length < 16;
  const click = (element) => async () => element.click();

  // A group of elements of which one is chosen. Those named by an hour or a number are parts of a list; others may lead elsewhere, so
  // they are tried only where more is wanted.
  const among = (holder, members, isChosen, insists) => {
    const chosen = members.find(isChosen);
    const others = members.filter((member) => member !== chosen && (insists || isNumbered(member)) && !DAY.test(words(member)));
    if (!chosen || others.length === 0 || members.length > MOST) return [];
    return [{ holder, positions: others.map((member) => ({ of: member, at: '', move: click(member) })), back: click(chosen) }];
  };

  const isSelected = (tab) => tab.getAttribute('aria-selected') === 'true';
  // Whether what the chosen tab shows has pictures. Where the tab does not name its panel, it stands near.
  const showsPictures = (list, tabs) => {
    const id = tabs.find(isSelected)?.getAttribute('aria-controls');
    const panel = (id && list.getRootNode().getElementById?.(id)) || list.parentElement?.parentElement;
    return [...(panel?.querySelectorAll('*') || [])].some(page.isPicture);
  };
  const ofTabs = (list, insists) => {
    const tabs = [...list.querySelectorAll('[role=tab]')].filter((tab) => tab.closest('[role=tablist]') === list && page.visible(tab));
    return insists || showsPictures(list, tabs) ? among(list, tabs, isSelected, insists) : [];
  };

  const isOn = (radio) => (radio.tagName === 'INPUT' ? radio.checked : radio.getAttribute('aria-checked') === 'true');
  const camera = () => new URLSearchParams(location.search).get('streamName');
  const ofRadios = (holder, radios, insists) => {
    if (radios.some((radio) => isOn(radio) && radio.value === camera())) return [];
    const faces = new Map(radios.map((radio) => [radio.closest('label') || radio, radio]));
    const usable = [...faces.keys()].filter((face) => page.visible(face) && !faces.get(face).disabled);
    return among(holder, usable, (face) => isOn(faces.get(face)), insists);
  };
  // Radio buttons of one group, by what holds them or by the name they share.
  const radioGroups = (elements) => {
    const groups = new Map();
    for (const element of elements) {
      if (!element.matches('input[type=radio],[role=radio]') || page.isElsewhere(element)) continue;
      const holder = element.closest('[role=radiogroup]') || element.closest('fieldset,form') || element.parentElement?.parentElement;
      if (holder) groups.set(holder, [...(groups.get(holder) || []), element]);
    }
    return groups;
  };

  // Chips: neighbours of one kind, exactly one of which is marked as the present one, by a state or by a class that the others lack.
  const presentOf = (all) => {
    const pressed = all.filter((chip) => chip.getAttribute('aria-pressed') === 'true');
    if (pressed.length > 0) return pressed;
    const marks = all.flatMap((chip) => [...chip.classList].filter((name) => ACTIVE.test(name)));
    const mark = marks.find((name) => marks.indexOf(name) === marks.lastIndexOf(name));
    return all.filter((chip) => mark && chip.classList.contains(mark));
  };
  const isPages = (holder) => holder.closest('[class*=pagina],[class*=pager]');
  const isChip = (chip) => /^(BUTTON|A|LI|SPAN|DIV)$/.test(chip.tagName) && !chip.disabled && page.stays(chip) && words(chip).length < 25
    && (chip.getAttribute('role') || 'button') === 'button' && !chip.querySelector('img,input,[role=tab],[role=radio]');
  const ofChips = (holder, insists) => {
    const all = [...holder.children];
    const present = presentOf(all);
    if (present.length !== 1 || isPages(holder)) return [];
    const chips = all.filter((chip) => words(chip) && page.visible(chip));
    const areAlike = chips.length > 1 && chips.every((chip) => chip.tagName === chips[0].tagName && isChip(chip));
    return areAlike ? among(holder, chips, (chip) => chip === present[0], insists) : [];
  };

  const ofSelect = (select) => {
    if (select.options.length < 2 || select.options.length > MOST || select.disabled || select.value === camera()) return [];
    const before = select.selectedIndex;
    const choose = (index) => async () => {
      select.selectedIndex = index;
      for (const name of ['input', 'change']) select.dispatchEvent(new Event(name, { bubbles: true }));
    };
    const others = [...select.options].filter((option) => option.index !== before && !option.disabled && !DAY.test(words(option)));
    return [{ holder: select, positions: others.map((option) => ({ of: select, at: option.index, move: choose(option.index) })), back: choose(before) }];
  };

  // A field that opens a list of its own; what is in that is known once it was opened.
  const ofField = (field) => {
    const list = () => field.getRootNode().getElementById?.(field.getAttribute('aria-controls'));
    const options = () => [...(list()?.querySelectorAll('[role=option]') || [])];
    const before = options().findIndex(isSelected);
    const count = options().length;
    if (before < 0 || count < 2 || count > MOST || options().some((option) => DAY.test(words(option)))) return [];
    const choose = (index) => async () => {
      (field.closest('.el-select__wrapper') || field).click();
      await page.until(() => options()[index] && page.visible(options()[index]), 1500);
      options()[index]?.click();
    };
    const others = [...Array(count).keys()].filter((index) => index !== before);
    return [{ holder: field, positions: others.map((index) => ({ of: field, at: index, move: choose(index) })), back: choose(before) }];
  };

  const ofRange = (range) => {
    const [from, to, step] = [Number(range.min || 0), Number(range.max || 100), Number(range.step) || 1];
    const count = Math.floor((to - from) / step) + 1;
    if (!(count > 1 && count <= MOST) || range.disabled) return [];
    const before = range.value;
    const set = (value) => async () => {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(range, String(value));
      for (const name of ['input', 'change']) range.dispatchEvent(new Event(name, { bubbles: true }));
    };
    const values = [...Array(count).keys()].map((index) => from + index * step).filter((value) => String(value) !== before);
    return [{ holder: range, positions: values.map((value) => ({ of: range, at: value, move: set(value) })), back: set(before) }];
  };
  // A slider of a library moves by keys, in steps that only moving it tells.
  const ofSlider = (slider) => {
    const now = () => Number(slider.getAttribute('aria-valuenow'));
    const [from, to] = ['aria-valuemin', 'aria-valuemax'].map((name) => Number(slider.getAttribute(name)));
    if (!(to > from && to - from < MOST) || slider.getAttribute('aria-disabled') === 'true') return [];
    const key = async (code) => {
      slider.focus?.();
      slider.dispatchEvent(new KeyboardEvent('keydown', { key: code, code, bubbles: true, cancelable: true }));
      await page.drawn();
    };
    const set = (value) => async () => {
      const code = now() < value ? 'ArrowRight' : 'ArrowLeft';
      const isBefore = () => (code === 'ArrowRight' ? now() < value : now() > value);
      for (let last = null; isBefore() && now() !== last;) {
        last = now();
        await key(code);
      }
    };
    const before = now();
    const values = [...Array(Math.floor(to - from) + 1).keys()].map((index) => from + index).filter((value) => value !== before);
    return [{ holder: slider, positions: values.map((value) => ({ of: slider, at: value, move: set(value) })), back: set(before) }];
  };
  // What is off or on: "all pictures" for "highlights".
  const ofSwitch = (box) => {
    const face = box.closest('label,.el-switch') || box;
    if (box.disabled || !page.visible(face)) return [];
    return [{ holder: box, positions: [{ of: box, at: 'other', move: click(face) }], back: click(face) }];
  };

  // Everything between whose positions the pictures may be divided; `insists` whether also what may well lead elsewhere.
  page.choices = (insists) => {
    const elements = [...page.all()].filter((element) => !page.isElsewhere(element));
    const found = [];
    for (const [holder, radios] of radioGroups(elements)) found.push(...ofRadios(holder, radios, insists));
    for (const element of elements) {
      const role = element.getAttribute('role');
      if (role === 'tablist') found.push(...ofTabs(element, insists));
      else if (element.children.length > 1 && element.children.length <= MOST && role !== 'radiogroup') found.push(...ofChips(element, insists));
      if (!insists) continue;
      if (element.tagName === 'SELECT' && page.visible(element)) found.push(...ofSelect(element));
      else if (role === 'combobox' && element.getAttribute('aria-haspopup') === 'listbox') found.push(...ofField(element));
      else if (element.matches('input[type=range]') && page.visible(element)) found.push(...ofRange(element));
      else if (role === 'slider' && page.visible(element)) found.push(...ofSlider(element));
      else if (role === 'switch' || element.matches('input[type=checkbox]')) found.push(...ofSwitch(element));
    }
    return found;
  };
})();

// Owns the reference: picks a day on the simulated page as a visitor does, and tells how long the page takes from the pick
// until the last picture of the day is in the document. It knows the page and what it will show, which draywatch does not.
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const until = async (what, test) => {
  const end = performance.now() + args.limit;
  for (;;) {
    const found = test();
    if (found) return found;
    if (performance.now() > end) throw new Error(`no ${what}`);
    await new Promise((done) => { requestAnimationFrame(done); });
  }
};
const visible = (element) => element && element.getClientRects().length > 0;
const panel = () => [...document.querySelectorAll('.el-date-picker')].find(visible);
const away = () => {
  const words = [...panel().querySelectorAll('.el-date-picker__header-label')].map((label) => label.textContent.trim());
  const year = Number(words.find((word) => /^\d{4}/.test(word)).slice(0, 4));
  const month = MONTHS.indexOf(words.find((word) => MONTHS.includes(word))) + 1;
  return (args.year - year) * 12 + args.month - month;
};
const press = (element) => {
  for (const type of ['mousedown', 'mouseup']) element.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true, view: window }));
  element.focus?.();
  element.click();
};

await until('closed calendar', () => !panel());
const input = await until('picker', () => document.querySelector('#camera-history .el-date-editor input'));
press(input);
await until('calendar', panel);
while (away() !== 0) {
  const was = away();
  panel().querySelector(`.el-picker-panel__icon-btn.arrow-${was > 0 ? 'right' : 'left'}`).click();
  await until('other month', () => away() !== was);
}
const cells = [...panel().querySelectorAll('td.available:not(.prev-month):not(.next-month)')];
const cell = cells.find((one) => Number(one.textContent.trim()) === args.day);
const wanted = new Set(args.thumbnails);
const isShown = () => {
  const shown = new Set();
  for (const image of document.querySelectorAll('#camera-history img')) if (wanted.has(image.src)) shown.add(image.src);
  return shown.size === wanted.size;
};
return await new Promise((done) => {
  let picked = 0;
  const watch = new MutationObserver(() => {
    if (!isShown()) return;
    watch.disconnect();
    done({ shown: performance.now() - picked });
  });
  watch.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['src'] });
  setTimeout(() => { watch.disconnect(); done({ shown: null }); }, args.limit);
  picked = performance.now();
  press(cell.querySelector('.el-date-table-cell__text') || cell);
}).finally(() => document.activeElement?.blur());

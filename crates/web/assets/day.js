// The calendar by arrow keys, and choices that take effect at once.

const calendar = document.querySelector('.calendar');
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

calendar.addEventListener('keydown', (event) => {
  const days = [...calendar.querySelectorAll('td a')];
  const at = days.indexOf(document.activeElement);
  if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in STEPS) {
    days[at + STEPS[event.key]]?.focus();
    event.preventDefault();
  }
  if (event.key === 'Home') days[0].focus();
  if (event.key === 'End') days.at(-1).focus();
  if (event.key === 'PageUp') calendar.querySelector('[rel=prev]')?.click();
  if (event.key === 'PageDown') calendar.querySelector('[rel=next]')?.click();
});

const choose = document.querySelector('.choose');
for (const one of choose.querySelectorAll('select')) {
  // Not while somebody goes through the choices by keys: then the button is theirs.
  let byPointer = false;
  one.addEventListener('pointerdown', () => { byPointer = true; });
  one.addEventListener('keydown', () => { byPointer = false; });
  one.addEventListener('change', () => { if (byPointer) choose.requestSubmit(); });
}

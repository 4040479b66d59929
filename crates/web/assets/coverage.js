// The map of a year: begins at its newest day, and its days can be reached by arrow keys.

const view = document.getElementById('map');
if (view) start(view.querySelector('.beside'), [...view.querySelectorAll('a')]);

function start(beside, days) {
  // A day is in the row for a week before and behind it, so that what stands beside the map hides none.
  function reveal(day) {
    const [seen, place] = [view.getBoundingClientRect(), day.getBoundingClientRect()];
    const room = 7 * place.width;
    const left = place.left - room - (seen.left + beside.getBoundingClientRect().width);
    const right = place.right + room - seen.right;
    if (left < 0) view.scrollLeft += left;
    else if (right > 0) view.scrollLeft += right;
  }

  function go(from, to) {
    const day = days[Math.max(0, Math.min(days.length - 1, to))];
    days[from].setAttribute('tabindex', '-1');
    day.setAttribute('tabindex', '0');
    day.focus({ preventScroll: true });
    reveal(day);
  }

  const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7, PageUp: -30, PageDown: 30, Home: -366, End: 366 };
  view.addEventListener('keydown', (event) => {
    const at = days.indexOf(document.activeElement);
    if (at < 0 || !(event.key in STEPS) || event.ctrlKey || event.metaKey || event.altKey) return;
    go(at, at + STEPS[event.key]);
    event.preventDefault();
  });

  if (days.length > 0) reveal(days.at(-1));
}

// Keeps the page current: each new frame (and every half minute, for health) has it fetched anew, and what changed is put in its place.

import { refresh } from './ages.js';

const PAUSE = 200;
const EVERY = 30000;
const told = document.getElementById('told');
let wanted = null;
let under = false;
let again = false;

function say(text) {
  if (told.textContent !== text) told.textContent = text;
}

// What is the same but for ages and the moment is left alone.
function essence(element) {
  const copy = element.cloneNode(true);
  for (const age of copy.querySelectorAll('[data-age]')) age.textContent = '';
  return copy.outerHTML;
}

// A picture is loaded before it is shown, so that nothing flickers.
async function loaded(element) {
  const pictures = [...element.querySelectorAll('img')].map((one) => one.decode().catch(() => {}));
  await Promise.race([Promise.all(pictures), new Promise((done) => setTimeout(done, 1000))]);
}

async function replace(old, fresh) {
  if (essence(old) === essence(fresh)) return;
  const ours = document.importNode(fresh, true);
  await loaded(ours);
  const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
  old.replaceWith(ours);
  if (focused) [...ours.querySelectorAll('[href]')].find((one) => one.getAttribute('href') === focused)?.focus();
}

async function update() {
  wanted = null;
  if (under) {
    again = true;
    return;
  }
  under = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store' });
    if (answer.redirected) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = [...page.querySelectorAll('[data-live]')];
    if (fresh.length !== document.querySelectorAll('[data-live]').length) return location.reload();
    await Promise.all(fresh.map((one) => replace(document.getElementById(one.id), one)));
    refresh();
    say('');
  } catch {
    say('The server does not answer. Trying again.');
  } finally {
    under = false;
    if (again) {
      again = false;
      soon();
    }
  }
}

function soon() {
  wanted ??= setTimeout(update, PAUSE);
}

function listen() {
  const events = new EventSource(document.getElementById('cameras').dataset.events);
  events.addEventListener('image', soon);
  events.addEventListener('error', () => {
    say('The connection was lost. Trying again.');
    // A refusal ends it for good; the browser tries again by itself otherwise.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
  });
  events.addEventListener('open', () => say(''));
  addEventListener('pagehide', () => events.close(), { once: true });
}

addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) soon();
});
setInterval(() => {
  if (!document.hidden) soon();
}, EVERY);
listen();

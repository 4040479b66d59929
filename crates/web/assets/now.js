// Keeps the page current: each new frame (and every half minute, for health) has it fetched anew, and what changed is put in its place.

import { refresh } from './ages.js';
import { follow } from './events.js';

const PAUSE = 200;
const EVERY = 30000;
const told = document.getElementById('told');
const cameras = document.getElementById('cameras');
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
    cameras.dataset.newest = page.getElementById('cameras').dataset.newest;
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

function heard(kind) {
  if (kind === 'image') soon();
  else say(kind === 'lost' ? 'The connection was lost. Trying again.' : '');
}

// A hidden page does not listen: it catches up when it is seen again.
function listen() {
  const from = () => ({ address: cameras.dataset.events, after: Number(cameras.dataset.newest) });
  let end = null;
  let begin = () => {
    const { address, after } = from();
    end = follow(address, after, heard);
  };
  try {
    const worker = new SharedWorker(new URL('./shared.js', import.meta.url), { type: 'module', name: 'draywatch' });
    const alone = begin;
    begin = () => {
      worker.port.postMessage(from());
      end = () => worker.port.postMessage('leave');
    };
    worker.port.addEventListener('message', (event) => heard(event.data));
    worker.port.start();
    worker.addEventListener('error', () => {
      begin = alone;
      if (end) begin();
    });
  } catch {
    // A browser without such workers has a stream for each page that is seen.
  }
  const stop = () => {
    end?.();
    end = null;
  };
  const turn = () => {
    if (document.hidden) stop();
    else if (!end) begin();
  };
  document.addEventListener('visibilitychange', turn);
  addEventListener('pagehide', stop);
  turn();
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

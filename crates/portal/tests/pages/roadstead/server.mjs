// Roadstead: an imitation of the Dray Dog camera portal with a paginated history. See README.md.
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { jpeg } from './jpeg.mjs';

// ---------- command line ----------
const HERE = path.dirname(fileURLToPath(import.meta.url));
const opt = { modules: null, 'image-time': 'utc', behaviour: '', seed: '1' };
for (let i = 2; i < process.argv.length; i += 2) {
  const key = process.argv[i].replace(/^--/, '');
  if (!(key in opt) || process.argv[i + 1] === undefined) fail(`unknown or incomplete option ${process.argv[i]}`);
  opt[key] = process.argv[i + 1];
}
function fail(text) { console.error(`server.mjs: ${text}`); process.exit(2); }
if (!opt.modules) fail('--modules DIR is required');
if (!['utc', 'local'].includes(opt['image-time'])) fail('--image-time is utc or local');
const LOCAL = opt['image-time'] === 'local';
const KNOWN = ['api-error', 'api-error-once', 'blank', 'slow', 'worker', 'deaf', 'page-503', 'login'];
const words = opt.behaviour.split(',').map((w) => w.trim()).filter(Boolean);
const bad = words.find((w) => !KNOWN.includes(w) && !/^empty:\d{4}-\d\d-\d\d$/.test(w));
if (bad) fail(`unknown behaviour ${bad}`);
const behaves = (w) => words.includes(w);
const EMPTY = new Set(words.filter((w) => w.startsWith('empty:')).map((w) => w.slice(6)));

// ---------- the terminal's calendar ----------
const LA = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'America/Los_Angeles', hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit',
  hour: '2-digit', minute: '2-digit', second: '2-digit',
});
const HOUR = 3600e3;
/** The wall clock of an instant in the terminal's zone, as YYYY-MM-DDTHH:MM:SS. */
function wallLA(ms) {
  const p = Object.fromEntries(LA.formatToParts(ms).map((x) => [x.type, x.value]));
  return `${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}:${p.second}`;
}
const wallUTC = (ms) => new Date(ms).toISOString().slice(0, 19);
const dayOf = (ms) => wallLA(ms).slice(0, 10);
const nextDay = (day) => new Date(Date.parse(`${day}T00:00:00Z`) + 24 * HOUR).toISOString().slice(0, 10);
/** The instant at which a terminal-local day begins: clocks change at 02:00, so midnight exists exactly once. */
function midnight(day) {
  const guess = Date.parse(`${day}T00:00:00Z`);
  return [7, 8].map((h) => guess + h * HOUR).find((t) => wallLA(t) === `${day}T00:00:00`);
}
function isDay(day) {
  const t = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : NaN;
  return !Number.isNaN(t) && new Date(t).toISOString().slice(0, 10) === day;
}

// ---------- which frames exist ----------
const CAMERAS = ['in_gate', 'out_gate'];
const FIRST = midnight('2024-01-01');
const ISO_SINCE = midnight('2024-06-18'); // before this day the names carry a millisecond Unix time
const SLOT = 600e3;
/** A number in [0, 1) that depends on the seed and the arguments only. */
function chance(...args) {
  let h = 2166136261;
  for (const c of [opt.seed, ...args].join('|')) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}
/** The instant of the frame in a ten-minute slot, or null where the camera missed it. */
function instantOf(camera, slot) {
  if (chance('miss', camera, slot) < 0.05) return null;
  // The camera keeps its second for four hours or so (10:07:34, 10:17:34, ...), with a hitch now and then.
  let s = 60 + Math.floor(chance('phase', camera, Math.floor(slot / 24)) * 440);
  if (chance('hitch', camera, slot) < 0.3) s += Math.floor(chance('hitch-by', camera, slot) * 90) - 45;
  // Even seconds in even hours, odd ones in odd hours: the two runs of autumn's repeated hour never share a name.
  s = (s & ~1) | (Math.floor(slot / 6) & 1);
  const t = slot * SLOT + s * 1000;
  const week = 5 * 24 * HOUR; // in about half of all five-day stretches, one outage of 1.5 to 9 hours
  const w = Math.floor(t / week);
  if (chance('outage', camera, w) < 0.5) {
    const length = (1.5 + 7.5 * chance('length', camera, w)) * HOUR;
    const begin = w * week + chance('begin', camera, w) * (week - length);
    if (t >= begin && t < begin + length) return null;
  }
  return t;
}
/** The frames of a camera in [from, to) that have been taken by now, oldest first. */
function frames(camera, from, to) {
  const list = [];
  const end = Math.min(to, Date.now() + 1);
  for (let slot = Math.floor(Math.max(from, FIRST) / SLOT); slot * SLOT < end; slot++) {
    const t = instantOf(camera, slot);
    if (t !== null && t >= Math.max(from, FIRST) && t < end && !(EMPTY.size && EMPTY.has(dayOf(t)))) list.push(t);
  }
  return list;
}
/** Where a frame lies: folder (date), hour without leading zero, base name. */
function placeOf(camera, t) {
  const wall = LOCAL ? wallLA(t) : wallUTC(t);
  // The millisecond form is a true Unix time in either mode; only its folders follow --image-time.
  return { date: wall.slice(0, 10), hour: Number(wall.slice(11, 13)), name: `${t < ISO_SINCE ? t : wall}-${camera}.jpeg` };
}
function addressOf(camera, t) {
  const p = placeOf(camera, t);
  return `/apm/${p.date}/${p.hour}/${p.name}`;
}
const thumb = (address) => address.replace(/\.jpeg$/, '-thumbnail.jpeg');

// ---------- the history service ----------
// The team's day query has a margin on both sides ("so that truckers see the hand-over at midnight"),
// which is how pictures of the neighbouring days come to stand among those of the picked day.
const MARGIN = 45 * 60e3;
function history(camera, day, offset, limit) {
  const from = midnight(day), to = midnight(nextDay(day));
  const own = frames(camera, from, to).length;
  const all = own ? frames(camera, from - MARGIN, to + MARGIN).reverse() : [];
  const groups = []; // one entry per folder: the date is written once, the items are bare file names
  for (const t of all.slice(offset, offset + limit)) {
    const { date, name } = placeOf(camera, t);
    if (groups.at(-1)?.p !== `apm/${date}`) groups.push({ p: `apm/${date}`, f: [] });
    groups.at(-1).f.push(name);
  }
  return { d: day.replaceAll('-', ''), c: camera, o: offset, n: all.length, z: LOCAL ? 'PT' : 'UTC', g: groups };
}

const counts = { cdn: 0, api: 0 };
let failedOnce = false;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
async function snaps(query, req, res) {
  counts.api++;
  // The live poll asks for the same first page, marked rt=1; the misbehaviours are those of the history only.
  const live = query.get('rt') === '1';
  // Fail at once, in the order of arrival, so that "the first" is not a matter of chance.
  const broken = !live && (behaves('api-error') || (behaves('api-error-once') && !failedOnce));
  if (broken) failedOnce = true;
  await pause(live ? 120 : behaves('slow') ? 3000 : 300 + Math.random() * 500);
  if (broken) return send(res, 500, 'application/json', '{"e":"upstream"}');
  const camera = query.get('c'), raw = query.get('day') ?? '';
  const day = raw.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
  const offset = Number(query.get('offset') ?? 0), limit = Number(query.get('limit') ?? 24);
  const fine = Number.isInteger(offset) && offset >= 0 && Number.isInteger(limit) && limit >= 1 && limit <= 48;
  if (!CAMERAS.includes(camera) || raw.length !== 8 || !isDay(day) || !fine) {
    return send(res, 400, 'application/json', '{"e":"bad request"}');
  }
  const body = JSON.stringify(history(camera, day, offset, limit));
  if (!/\bgzip\b/.test(req.headers['accept-encoding'] ?? '')) return send(res, 200, 'application/json', body);
  send(res, 200, 'application/json', gzipSync(body), { 'content-encoding': 'gzip' });
}

function truth(query, res) {
  const camera = query.get('camera'), day = query.get('date') ?? '';
  if (!CAMERAS.includes(camera) || !isDay(day)) return send(res, 400, 'application/json', '{"error":"camera or date"}');
  const list = frames(camera, midnight(day), midnight(nextDay(day))).map((t) => {
    const url = cdnOrigin + addressOf(camera, t);
    return { instant: new Date(t).toISOString().replace('.000Z', 'Z'), url, thumbnail: thumb(url) };
  });
  send(res, 200, 'application/json', JSON.stringify(list));
}

// ---------- page server ----------
function send(res, status, type, body, more = {}) {
  res.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', 'content-length': Buffer.byteLength(body), ...more });
  res.end(body);
}
const mod = (...p) => path.join(opt.modules, ...p);
const FILES = {
  '/assets/app.js': [path.join(HERE, 'app.js'), 'text/javascript; charset=utf-8'],
  '/assets/worker.js': [path.join(HERE, 'worker.js'), 'text/javascript; charset=utf-8'],
  '/assets/app.css': [path.join(HERE, 'app.css'), 'text/css; charset=utf-8'],
  '/vendor/vue.js': [mod('vue', 'dist', 'vue.global.prod.js'), 'text/javascript; charset=utf-8'],
  '/vendor/element-plus.js': [mod('element-plus', 'dist', 'index.full.min.js'), 'text/javascript; charset=utf-8'],
  '/vendor/element-plus.css': [mod('element-plus', 'dist', 'index.css'), 'text/css; charset=utf-8'],
};
for (const [file] of Object.values(FILES)) if (!fs.existsSync(file)) fail(`missing ${file}`);

const pages = http.createServer(async (req, res) => {
  try {
    const url = new URL(req.url, 'http://page');
    if (req.method !== 'GET' && req.method !== 'HEAD') return send(res, 405, 'text/plain', 'method not allowed');
    if (url.pathname === '/terminal_cameras/apm') {
      if (behaves('page-503')) { // the portal is being maintained
        res.writeHead(503, { 'content-type': 'text/html', 'retry-after': '90' });
        return res.end('<h1>Back in a minute</h1>');
      }
      if (behaves('login')) { // another team has put a log-in before the page
        res.writeHead(302, { location: '/welcome' });
        return res.end();
      }
      const html = fs.readFileSync(path.join(HERE, 'index.html'), 'utf8').replace('%IMG_HOST%', cdnOrigin).replace('%MODES%', words.join(' '));
      return send(res, 200, 'text/html; charset=utf-8', html);
    }
    if (url.pathname === '/assets/app.js' && behaves('blank')) { // a bundle that dies before it has mounted anything
      return send(res, 200, 'text/javascript', 'throw new TypeError("Failed to initialise");\n');
    }
    if (url.pathname === '/welcome') return send(res, 200, 'text/html', '<h1>Please log in</h1><form><input name=user><button>Log in</button></form>');
    if (FILES[url.pathname]) return send(res, 200, FILES[url.pathname][1], fs.readFileSync(FILES[url.pathname][0]));
    if (url.pathname === '/svc/cams/snaps') return await snaps(url.searchParams, req, res);
    if (url.pathname === '/__truth') return truth(url.searchParams, res);
    if (url.pathname === '/__truth/requests') return send(res, 200, 'application/json', JSON.stringify(counts));
    send(res, 404, 'text/plain', 'not found');
  } catch (error) {
    console.error(error);
    if (!res.headersSent) send(res, 500, 'text/plain', 'internal error');
  }
});

// ---------- CDN ----------
/** The frame that an address names, or null: candidates are read off the name, then compared with the real address. */
function lookUp(address) {
  const m = /^\/apm\/\d{4}-\d\d-\d\d\/\d{1,2}\/(.+)-(in_gate|out_gate)\.jpeg$/.exec(address);
  if (!m) return null;
  const [, stamp, camera] = m;
  const at = /^\d{13}$/.test(stamp) ? Number(stamp) : Date.parse(`${stamp}Z`);
  if (!Number.isFinite(at)) return null;
  for (const t of [at, at + 7 * HOUR, at + 8 * HOUR]) {
    if (frames(camera, t, t + 1).length && addressOf(camera, t) === address) return { camera, t };
  }
  return null;
}
const cdn = http.createServer((req, res) => {
  try {
    if (req.headers['sec-fetch-dest'] || req.headers.referer) counts.cdn++;
    const { pathname } = new URL(req.url, 'http://cdn');
    const address = decodeURIComponent(pathname);
    const small = address.endsWith('-thumbnail.jpeg');
    const hit = lookUp(small ? address.replace('-thumbnail.jpeg', '.jpeg') : address);
    if (!hit) return send(res, 404, 'text/plain', 'not found');
    const wall = wallLA(hit.t); // the pictures carry the terminal's time, as cameras there do
    const text = small ? [wall.slice(11, 16)] : [wall.slice(0, 10), wall.slice(11), hit.camera === 'in_gate' ? '1' : '2'];
    const [w, h] = small ? [240, 135] : [1200, 675];
    const body = jpeg(w, h, text, small ? 1 : 3, Math.floor(chance('noise', hit.camera, hit.t) * 2 ** 31));
    send(res, 200, 'image/jpeg', body, { 'cache-control': 'public, max-age=86400' });
  } catch {
    send(res, 404, 'text/plain', 'not found');
  }
});

// ---------- start and end ----------
const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(`http://127.0.0.1:${server.address().port}`)));
const cdnOrigin = await listen(cdn);
const pageOrigin = await listen(pages);
console.log(JSON.stringify({ page_url: `${pageOrigin}/terminal_cameras/apm`, image_url: `${cdnOrigin}/apm` }));
process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0)).resume();

/* Tollhouse: second imitation of a gate camera portal. Only Node built-ins. README.md lists the choices. */
import { createServer } from 'node:http';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { readFile } from 'node:fs/promises';

// ------------------------------------------------------------ command line
const cfg = { modules: '', zone: 'utc', seed: '1', behaviours: [] };
for (let i = 2; i < process.argv.length; i += 2) {
  const value = process.argv[i + 1];
  switch (process.argv[i]) {
    case '--modules': cfg.modules = value; break;
    case '--image-time': cfg.zone = value; break;
    case '--seed': cfg.seed = value; break;
    case '--behaviour': cfg.behaviours.push(...value.split(',').filter(Boolean)); break;
    default: usage(`unknown argument ${process.argv[i]}`);
  }
}
const known = /^(api-error|api-error-once|blank|slow|english|empty:\d{4}-\d{2}-\d{2})$/;
for (const b of cfg.behaviours) if (!known.test(b)) usage(`unknown behaviour ${b}`);
if (!cfg.modules || !/^(utc|local)$/.test(cfg.zone)) usage('bad arguments');
function usage(msg) {
  console.error(`${msg}\nnode server.mjs --modules DIR [--image-time utc|local] [--behaviour a,b,c] [--seed N]`);
  process.exit(64);
}
const has = (b) => cfg.behaviours.includes(b);
const closedDays = new Set(cfg.behaviours.filter((b) => b.startsWith('empty:')).map((b) => b.slice(6)));

// ------------------------------------------------------------ clock and calendar
const HOUR = 3600;
const clock = () => Math.floor(Date.now() / 1000);
const laFormat = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'America/Los_Angeles', hourCycle: 'h23',
  year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
});
const hourNames = new Map(); // epoch hour -> 'YYYY-MM-DD HH'; the zone is off UTC by whole hours
function localStamp(t) {
  const eh = Math.floor(t / HOUR);
  let head = hourNames.get(eh);
  if (!head) {
    head = laFormat.format(eh * HOUR * 1000).slice(0, 13);
    hourNames.set(eh, head);
  }
  const rest = t - eh * HOUR;
  const two = (n) => String(n).padStart(2, '0');
  return `${head.replace(' ', 'T')}:${two(Math.floor(rest / 60))}:${two(rest % 60)}`;
}
const utcStamp = (t) => new Date(t * 1000).toISOString().slice(0, 19);
const stamp = cfg.zone === 'utc' ? utcStamp : localStamp;
const localDate = (t) => localStamp(t).slice(0, 10);
function midnight(date) {
  let t = Date.parse(`${date}T06:00:00Z`) / 1000;
  while (localDate(t) < date) t += HOUR;
  return t;
}
function plusDays(date, n) {
  const d = new Date(`${date}T00:00:00Z`);
  d.setUTCDate(d.getUTCDate() + n);
  return d.toISOString().slice(0, 10);
}
const validDate = (s) => /^\d{4}-\d\d-\d\d$/.test(s ?? '') && !Number.isNaN(Date.parse(s)) && plusDays(s, 0) === s;
function mondayOf(year, week) {
  const jan4 = `${year}-01-04`; // always in week 1
  const dow = (new Date(`${jan4}T00:00:00Z`).getUTCDay() + 6) % 7;
  return plusDays(jan4, 7 * (week - 1) - dow);
}

// ------------------------------------------------------------ the cameras
const CAMERAS = ['in_gate', 'out_gate'];
const SLOT = 600;
const DELAY = 15;
const OPENED = midnight('2023-12-31');
const BOOT_DAY = Math.floor(clock() / 86400);

function bits(...what) {
  return createHash('md5').update([cfg.seed, ...what].join('|')).digest();
}
const failures = new Map(); // 'camera day' -> [from, to] | null
function failureOf(camera, day) {
  const id = `${camera} ${day}`;
  if (!failures.has(id)) {
    const b = bits('failure', camera, day);
    let span = null;
    if (b[0] < 11) { // about one day in 23
      const from = day * 86400 + b.readUInt16BE(2) % 86400;
      span = [from, from + 5400 + b.readUInt16BE(4) % 30000];
      if (span[1] > BOOT_DAY * 86400 - 9000) span = null; // keep the recent past free of outages
    }
    failures.set(id, span);
  }
  return failures.get(id);
}
const slots = new Map(); // memo
function shotIn(camera, slot) {
  const id = camera + slot;
  if (slots.has(id)) return slots.get(id);
  const b = bits('slot', camera, slot);
  let t = null;
  if (b.readUInt16BE(0) > 2300) { // 3.5 % never arrive
    t = slot * SLOT + 4 + b.readUInt16BE(2) % 590;
    // odd and even hours take odd and even seconds, so that 01:mm:ss names nothing twice in November
    if ((t ^ Math.floor(t / HOUR)) & 1) t ^= 1;
    const day = Math.floor(t / 86400);
    for (const d of [day - 1, day]) {
      const f = failureOf(camera, d);
      if (f && f[0] <= t && t < f[1]) t = null;
      if (t === null) break;
    }
    if (t !== null && (t < OPENED || closedDays.has(localDate(t)))) t = null;
  }
  if (slots.size > 60000) slots.clear();
  slots.set(id, t);
  return t;
}
function shots(camera, from, to) {
  const until = Math.min(to - 1, clock() - DELAY);
  const list = [];
  for (let s = Math.floor(from / SLOT); s <= Math.floor(until / SLOT); s++) {
    const t = shotIn(camera, s);
    if (t !== null && t >= from && t <= until) list.push(t);
  }
  return list;
}
function lastShots(camera, count) {
  const list = [];
  const until = clock() - DELAY;
  for (let s = Math.floor(until / SLOT); list.length < count && s * SLOT > OPENED - SLOT; s--) {
    const t = shotIn(camera, s);
    if (t !== null && t <= until) list.push(t);
  }
  return list;
}
const address = (camera, t, thumb = false) => {
  const s = stamp(t);
  return `${cdnBase}/apm/${s.slice(0, 10)}/${Number(s.slice(11, 13))}/${s}-${camera}${thumb ? '-thumbnail' : ''}.jpeg`;
};

// ------------------------------------------------------------ a tiny JPEG writer
class BitSink {
  constructor() { this.out = []; this.word = ''; }
  add(code) {
    this.word += code;
    while (this.word.length >= 8) {
      const byte = parseInt(this.word.slice(0, 8), 2);
      this.word = this.word.slice(8);
      this.out.push(byte);
      if (byte === 255) this.out.push(0);
    }
  }
  end() { while (this.word.length) this.add('1'); return Buffer.from(this.out); }
}
// DC classes 0..8 all have four bits: '0000'..'1000'. AC knows only "end of block": '0'.
function drawJpeg(width, height, shade) {
  const part = (id, ...body) => Buffer.from([255, id, (body.length + 2) >> 8, (body.length + 2) & 255, ...body]);
  const sink = new BitSink();
  const cols = (width + 7) >> 3;
  const rows = (height + 7) >> 3;
  let previous = 0;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const value = shade(c / cols, r / rows) - 128;
      const step = value - previous;
      previous = value;
      const size = step ? Math.abs(step).toString(2).length : 0;
      sink.add(size.toString(2).padStart(4, '0'));
      if (size) sink.add((step > 0 ? step : step + 2 ** size - 1).toString(2).padStart(size, '0'));
      sink.add('0');
    }
  }
  return Buffer.concat([
    Buffer.from([255, 0xd8]),
    part(0xe0, 74, 70, 73, 70, 0, 1, 2, 0, 0, 1, 0, 1, 0, 0),
    part(0xfe, ...Buffer.from('tollhouse')),
    part(0xdb, 0, ...new Array(64).fill(8)),
    part(0xc0, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0),
    part(0xc4, 0x00, 0, 0, 0, 9, ...new Array(12).fill(0), 0, 1, 2, 3, 4, 5, 6, 7, 8),
    part(0xc4, 0x10, 1, ...new Array(15).fill(0), 0),
    part(0xda, 1, 1, 0, 0, 63, 0),
    sink.end(),
    Buffer.from([255, 0xd9]),
  ]);
}
const drawn = new Map();
function jpegOf(camera, t, thumb) {
  const id = `${camera}${t}${thumb}`;
  let jpeg = drawn.get(id);
  if (!jpeg) {
    const b = bits('paint', camera, t);
    const [w, h] = thumb ? [240, 135] : [1200, 675];
    jpeg = drawJpeg(w, h, (x, y) => {
      const cell = b[(Math.floor(x * 4) + 4 * Math.floor(y * 4)) % 16];
      return 40 + (cell >> 1) + (camera === 'in_gate' ? 0 : 60);
    });
    if (drawn.size > 400) drawn.clear();
    drawn.set(id, jpeg);
  }
  return jpeg;
}

// ------------------------------------------------------------ http
const log = [];
const assets = {
  '/js/vue.js': ['vue/dist/vue.global.prod.js', 'text/javascript'],
  '/js/element-plus.js': ['element-plus/dist/index.full.min.js', 'text/javascript'],
  '/js/es.js': ['element-plus/dist/locale/es.min.js', 'text/javascript'],
  '/css/element-plus.css': ['element-plus/dist/index.css', 'text/css'],
  '/js/tollhouse.js': [new URL('app.js', import.meta.url), 'text/javascript'],
  '/css/tollhouse.css': [new URL('app.css', import.meta.url), 'text/css'],
};
function reply(res, status, type, body, extra = {}) {
  let data = Buffer.from(body);
  const head = { 'Content-Type': type, ...extra };
  if (data.length > 900 && /json|javascript|css|html/.test(type) && /\bgzip\b/.test(res.req.headers['accept-encoding'] ?? '')) {
    data = gzipSync(data, { level: 4 });
    head['Content-Encoding'] = 'gzip';
    head.Vary = 'Accept-Encoding';
  }
  head['Content-Length'] = data.length;
  res.writeHead(status, head);
  res.end(res.req.method === 'HEAD' ? null : data);
}
const json = (res, status, value, extra) => reply(res, status, 'application/json', JSON.stringify(value), extra);

let failuresLeft = has('api-error') ? Infinity : has('api-error-once') ? 1 : 0;
const pause = (ms) => new Promise((ok) => setTimeout(ok, ms));

// GET /api/v1/archivo/2025/36?camara=in_gate : the whole ISO week and an hour on either side of it
async function archive(req, res, year, week, camera) {
  await pause(has('slow') ? 3000 : 500);
  if (res.destroyed) return;
  if (failuresLeft > 0) {
    failuresLeft--;
    return json(res, 503, { error: { codigo: 'ARCHIVO_NO_DISPONIBLE', mensaje: 'upstream timed out' } }, { 'Retry-After': '2' });
  }
  if (!CAMERAS.includes(camera) || week < 1 || week > 53) return json(res, 422, { error: { codigo: 'PARAMETRO' } });
  const monday = mondayOf(year, week);
  const start = midnight(monday) - HOUR;
  const end = midnight(plusDays(monday, 7)) + HOUR;
  const list = shots(camera, start, end);
  const tag = `W/"${createHash('sha1').update(JSON.stringify([list.length, list.at(-1), camera, year, week])).digest('base64url').slice(0, 12)}"`;
  const headers = { ETag: tag, 'Cache-Control': 'private, no-cache' };
  if (req.headers['if-none-match'] === tag) {
    res.writeHead(304, headers);
    return res.end();
  }
  let last = start;
  const pasos = list.map((t) => {
    const d = t - last;
    last = t;
    return d;
  });
  json(res, 200, { camara: camera, semana: `${year}-W${String(week).padStart(2, '0')}`, origen: start, pasos, completa: end < clock() }, headers);
}

// GET /api/v1/vivo?camara=in_gate&desde=N : long poll, answers when there is something newer than N
async function live(res, camera, since) {
  if (!CAMERAS.includes(camera)) return json(res, 422, { error: { codigo: 'PARAMETRO' } });
  let list = lastShots(camera, 4);
  for (let left = 22; left > 0 && list[0] === since && !res.destroyed; left--) {
    await pause(1000);
    list = lastShots(camera, 4);
  }
  if (res.destroyed) return;
  if (list[0] === since) return res.writeHead(204, { 'Cache-Control': 'no-store' }).end();
  json(res, 200, { serie: list[0] ?? 0, fotos: list.map((t) => ({ foto: address(camera, t), hace: clock() - t })) }, { 'Cache-Control': 'no-store' });
}

async function site(req, res) {
  const { pathname, searchParams } = new URL(req.url, 'http://localhost');
  if (pathname === '/__truth/requests') return json(res, 200, log);
  if (pathname === '/__truth') {
    const camera = searchParams.get('camera');
    const date = searchParams.get('date');
    if (!CAMERAS.includes(camera) || !validDate(date)) return json(res, 400, { error: 'camera=in_gate|out_gate and date=YYYY-MM-DD' });
    return json(res, 200, shots(camera, midnight(date), midnight(plusDays(date, 1))).map((t) => ({
      instant: `${utcStamp(t)}Z`, url: address(camera, t), thumbnail: address(camera, t, true),
    })));
  }
  log.push(req.url);
  const week = /^\/api\/v1\/archivo\/(\d{4})\/(\d{1,2})$/.exec(pathname);
  if (week) return archive(req, res, Number(week[1]), Number(week[2]), searchParams.get('camara'));
  if (pathname === '/api/v1/vivo') return live(res, searchParams.get('camara'), Number(searchParams.get('desde') || 0));
  if (pathname.startsWith('/api/')) return json(res, 404, { error: { codigo: 'RUTA' } });
  if (pathname === '/env.js') {
    const env = {
      CDN: `${cdnBase}/apm`, STAMP_ZONE: cfg.zone === 'utc' ? 'UTC' : 'America/Los_Angeles',
      LANG: has('english') ? 'en' : 'es', SINCE: '2023-12-31',
    };
    return reply(res, 200, 'text/javascript', `window.ENV = ${JSON.stringify(env)};\n`, { 'Cache-Control': 'no-store' });
  }
  if (Object.hasOwn(assets, pathname)) {
    const [file, type] = assets[pathname];
    let body = await readFile(typeof file === 'string' ? `${cfg.modules}/${file}` : file);
    if (has('blank') && pathname === '/js/tollhouse.js') body = body.subarray(0, Math.floor(body.length / 2)); // a cut-off bundle
    return reply(res, 200, `${type}; charset=utf-8`, body, { 'Cache-Control': 'max-age=600' });
  }
  if (pathname === '/favicon.ico') return reply(res, 404, 'text/plain', '');
  // everything else is the app, as with any history-mode router
  return reply(res, 200, 'text/html; charset=utf-8', await readFile(new URL('index.html', import.meta.url)), { 'Cache-Control': 'no-store' });
}

function pictures(req, res) {
  log.push(req.url);
  const m = /^\/apm\/\d{4}-\d\d-\d\d\/\d{1,2}\/(\d{4}-\d\d-\d\dT\d\d(?::|%3A)\d\d(?::|%3A)\d\d)-(in_gate|out_gate)(-thumbnail)?\.jpeg$/i.exec(req.url.split('?')[0]);
  if (m) {
    const [, raw, camera, thumb] = m;
    const naive = Date.parse(`${raw.replace(/%3A/gi, ':')}Z`) / 1000;
    const guesses = cfg.zone === 'utc' ? [naive] : [naive + 7 * HOUR, naive + 8 * HOUR];
    for (const t of guesses) {
      if (Number.isNaN(t) || t > clock() - DELAY || shotIn(camera, Math.floor(t / SLOT)) !== t) continue;
      if (new URL(address(camera, t, Boolean(thumb))).pathname !== req.url.split('?')[0].replace(/%3A/gi, ':')) continue;
      return reply(res, 200, 'image/jpeg', jpegOf(camera, t, Boolean(thumb)), {
        'Cache-Control': 'public, max-age=604800, immutable', 'Last-Modified': new Date(t * 1000).toUTCString(),
      });
    }
  }
  reply(res, 404, 'text/html', '<html><body><h1>404 Not Found</h1></body></html>');
}

const guarded = (fn) => (req, res) => Promise.resolve()
  .then(() => (/^(GET|HEAD)$/.test(req.method) ? fn(req, res) : reply(res, 405, 'text/plain', 'no')))
  .catch((e) => {
    console.error(e);
    if (!res.headersSent) reply(res, 500, 'text/plain', 'internal error');
    else res.destroy();
  });
const listen = (server) => new Promise((ok) => server.listen(0, '127.0.0.1', () => ok(`http://127.0.0.1:${server.address().port}`)));

process.stdin.on('close', () => process.exit(0)).on('end', () => process.exit(0)).resume();
const cdnBase = await listen(createServer(guarded(pictures)));
const siteBase = await listen(createServer(guarded(site)));
console.log(JSON.stringify({ page_url: `${siteBase}/terminal_cameras/apm`, image_url: `${cdnBase}/apm` }));

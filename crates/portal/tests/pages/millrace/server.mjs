// Millrace: an imitation of a gate camera portal. Node built-ins only. See README.md.
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const { values: opt } = parseArgs({
  options: {
    modules: { type: 'string' },
    'image-time': { type: 'string', default: 'utc' },
    behaviour: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '1' },
  },
});
if (!opt.modules) die('--modules DIR is needed');
if (!['utc', 'local'].includes(opt['image-time'])) die('--image-time is utc or local');
const LOCAL_NAMES = opt['image-time'] === 'local';
const SEED = Number.parseInt(opt.seed, 10) | 0;
const flags = new Set();
const emptyDays = new Set();
for (const word of opt.behaviour.join(',').split(',').map((s) => s.trim()).filter(Boolean)) {
  const m = /^empty:(\d{4}-\d{2}-\d{2})$/.exec(word);
  if (m) emptyDays.add(m[1]);
  else if (['api-error', 'api-error-once', 'blank', 'slow'].includes(word)) flags.add(word);
  else die(`unknown behaviour ${word}`);
}
function die(why) {
  process.stderr.write(`millrace: ${why}\n`);
  process.exit(2);
}

// ---------------------------------------------------------------- time
// All instants are whole seconds since 1970 (UTC).
const nowSec = () => Math.floor(Date.now() / 1000);
const utc = (y, mo, d, h = 0) => Date.UTC(y, mo - 1, d, h) / 1000;
const firstSundayFrom = (y, mo, d) => d + ((7 - new Date(Date.UTC(y, mo - 1, d)).getUTCDay()) % 7);
const dstOfYear = new Map();
function laOffset(t) {
  const y = new Date(t * 1000).getUTCFullYear();
  let r = dstOfYear.get(y);
  if (!r) {
    r = [utc(y, 3, firstSundayFrom(y, 3, 8), 10), utc(y, 11, firstSundayFrom(y, 11, 1), 9)];
    dstOfYear.set(y, r);
  }
  return t >= r[0] && t < r[1] ? -25200 : -28800;
}
const iso = (t) => new Date(t * 1000).toISOString().slice(0, 19);
const laWall = (t) => iso(t + laOffset(t)); // '2025-09-07T10:17:34'
const laDay = (t) => laWall(t).slice(0, 10);
const shiftDay = (day, n) => iso(Date.parse(`${day}T00:00:00Z`) / 1000 + n * 86400).slice(0, 10);
function laInstant(day, hour) {
  // only ever asked for 0, 3, 8 and 18 o'clock, none of which is skipped or repeated
  const naive = Date.parse(`${day}T00:00:00Z`) / 1000 + hour * 3600;
  return naive - laOffset(naive + 28800);
}
function isDay(s) {
  return /^\d{4}-\d{2}-\d{2}$/.test(s) && shiftDay(s, 0) === s;
}
const ordinalOf = (day) => {
  const y = Number(day.slice(0, 4));
  const n = (Date.parse(`${day}T00:00:00Z`) / 1000 - utc(y, 1, 1)) / 86400 + 1;
  return `${y}-${String(n).padStart(3, '0')}`;
};
function dayOfOrdinal(ord) {
  const m = /^(\d{4})-(\d{3})$/.exec(ord);
  if (!m || m[2] === '000') return null;
  const day = shiftDay(`${m[1]}-01-01`, Number(m[2]) - 1);
  return day.startsWith(m[1]) ? day : null;
}

// ---------------------------------------------------------------- frames
const CAMS = ['in_gate', 'out_gate'];
const FIRST = laInstant('2023-12-31', 0);
const UPLOAD_LAG = 20; // seconds from the picture to its being on offer
// Outages that reach into the time around the start are left out, so the newest pictures are there.
const OUTAGE_LIMIT = Math.floor(nowSec() / 86400) * 86400 - 7200;

function mix(a, b, c = 0) {
  let h = (SEED ^ 0x9e3779b9) | 0;
  for (const v of [a, b, c]) {
    h = Math.imul(h ^ v, 0x85ebca6b);
    h ^= h >>> 15;
    h = Math.imul(h + 0x6d2b79f5, 0xc2b2ae35);
    h ^= h >>> 13;
  }
  h = Math.imul(h, 0x27d4eb2f);
  return (h ^ (h >>> 16)) >>> 0;
}
function outageOn(camIx, epochDay) {
  const r = mix(camIx + 71, epochDay, 5);
  if (r % 100 >= 5) return null;
  const from = epochDay * 86400 + (mix(camIx + 71, epochDay, 6) % 86400);
  const to = from + 7200 + (mix(camIx + 71, epochDay, 7) % (7 * 3600));
  return to > OUTAGE_LIMIT ? null : [from, to];
}
function inOutage(camIx, t) {
  const d = Math.floor(t / 86400);
  for (const day of [d - 1, d]) {
    for (const who of [camIx, 9]) { // 9: both cameras down together
      const o = outageOn(who, day);
      if (o && t >= o[0] && t < o[1]) return true;
    }
  }
  return false;
}
// The picture of one ten-minute slot, or null. The clock drifts by some seconds and jumps every few hours.
function frameOfSlot(camIx, slot) {
  if (mix(camIx, slot, 1) % 1000 < 28) return null; // lost
  const block = Math.floor(slot / 21);
  const phase = 25 + (mix(camIx, block, 2) % 520);
  let t = slot * 600 + phase + (mix(camIx, slot, 3) % 41);
  // Even hours have even seconds: names of the two hours that share one local name in autumn stay distinct.
  if ((t & 1) !== (Math.floor(t / 3600) & 1)) t ^= 1;
  if (t < FIRST || inOutage(camIx, t)) return null;
  if (emptyDays.size && emptyDays.has(laDay(t))) return null;
  return t;
}
function framesBetween(cam, from, to) {
  const camIx = CAMS.indexOf(cam);
  const end = Math.min(to, nowSec() - UPLOAD_LAG + 1);
  const out = [];
  for (let slot = Math.floor(from / 600); slot * 600 < end; slot++) {
    const t = frameOfSlot(camIx, slot);
    if (t !== null && t >= from && t < end) out.push(t);
  }
  return out;
}
function newest(cam, n) {
  const out = [];
  const camIx = CAMS.indexOf(cam);
  const limit = nowSec() - UPLOAD_LAG;
  for (let slot = Math.floor(limit / 600); out.length < n && slot * 600 >= FIRST - 600; slot--) {
    const t = frameOfSlot(camIx, slot);
    if (t !== null && t <= limit) out.push(t);
  }
  return out;
}
function keyOf(cam, t) {
  const name = LOCAL_NAMES ? laWall(t) : iso(t);
  return `${name.slice(0, 10)}/${Number(name.slice(11, 13))}/${name}-${cam}`;
}
function frameOfKey(key) {
  const m = /^(\d{4}-\d{2}-\d{2})\/(\d{1,2})\/(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})-(in_gate|out_gate)$/.exec(key);
  if (!m) return null;
  const naive = Date.parse(`${m[3]}Z`) / 1000;
  if (Number.isNaN(naive)) return null;
  for (const t of LOCAL_NAMES ? [naive + 25200, naive + 28800] : [naive]) {
    if (t > nowSec() - UPLOAD_LAG) continue;
    if (frameOfSlot(CAMS.indexOf(m[4]), Math.floor(t / 600)) === t && keyOf(m[4], t) === key) return { cam: m[4], t };
  }
  return null;
}

// ---------------------------------------------------------------- pictures
// Grey baseline JPEG of flat 8x8 blocks: only DC coefficients, one luminance component.
function greyJpeg(w, h, level) {
  const seg = (marker, body) => Buffer.concat([Buffer.from([0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255]), Buffer.from(body)]);
  const dcCounts = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
  const dcCodes = [];
  for (let len = 1, code = 0, sym = 0; len <= 16; len++, code <<= 1) {
    for (let i = 0; i < dcCounts[len - 1]; i++) dcCodes[sym++] = [code++, len];
  }
  const bytes = [];
  let acc = 0;
  let have = 0;
  const put = (value, bits) => {
    for (let i = bits - 1; i >= 0; i--) {
      acc = (acc << 1) | ((value >> i) & 1);
      if (++have === 8) {
        bytes.push(acc);
        if (acc === 0xff) bytes.push(0);
        acc = 0;
        have = 0;
      }
    }
  };
  const bw = Math.ceil(w / 8);
  const bh = Math.ceil(h / 8);
  let last = 0;
  for (let y = 0; y < bh; y++) {
    for (let x = 0; x < bw; x++) {
      const dc = Math.max(0, Math.min(255, level(x / bw, y / bh) | 0)) - 128;
      const diff = dc - last;
      last = dc;
      const cat = diff === 0 ? 0 : 32 - Math.clz32(Math.abs(diff));
      put(dcCodes[cat][0], dcCodes[cat][1]);
      if (cat) put(diff > 0 ? diff : diff + (1 << cat) - 1, cat);
      put(0, 1); // end of block
    }
  }
  while (have) put(1, 1);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    seg(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]),
    seg(0xdb, [0, ...Array(64).fill(8)]),
    seg(0xc0, [8, h >> 8, h & 255, w >> 8, w & 255, 1, 1, 0x11, 0]),
    seg(0xc4, [0x00, ...dcCounts, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    seg(0xc4, [0x10, 1, ...Array(15).fill(0), 0]),
    seg(0xda, [1, 1, 0x00, 0, 63, 0]),
    Buffer.from(bytes),
    Buffer.from([0xff, 0xd9]),
  ]);
}
function picture(cam, t, thumb) {
  const noon = 1 - Math.abs(((t + laOffset(t)) % 86400) / 43200 - 1); // 0 at midnight, 1 at noon
  const tag = mix(CAMS.indexOf(cam), t, 8);
  return greyJpeg(thumb ? 320 : 1200, thumb ? 180 : 675, (x, y) => {
    if (y > 0.88) return (tag >>> Math.floor(x * 32)) & 1 ? 235 : 20; // a bar code of the frame
    if (y > 0.55) return 70 + 40 * noon - 30 * Math.abs(x - 0.5);
    return 30 + 190 * noon - 60 * y;
  });
}

// ---------------------------------------------------------------- answers
const seen = [];
let failOnceLeft = flags.has('api-error-once') ? 1 : 0;

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
function sheetOf(day) {
  const before = shiftDay(day, -1);
  const after = shiftDay(day, 1);
  const plan = [
    ['nb', 'Night before', before, 18, day, 3],
    ['hoot', 'Hoot owl', day, 3, day, 8],
    ['first', 'Day shift', day, 8, day, 18],
    ['second', 'Night shift', day, 18, after, 3],
  ];
  let stamp = 0;
  const tally = Object.fromEntries(CAMS.map((c) => [c, 0]));
  const shifts = plan.map(([id, name, d1, h1, d2, h2]) => {
    const lanes = {};
    for (const cam of CAMS) {
      lanes[cam] = framesBetween(cam, laInstant(d1, h1), laInstant(d2, h2)).map((t) => {
        stamp = Math.max(stamp, t);
        if (laDay(t) === day) tally[cam]++;
        const wall = laWall(t);
        return { k: keyOf(cam, t), w: `${WEEKDAYS[new Date(`${wall}Z`).getUTCDay()]} ${wall.slice(11)}` };
      });
    }
    return { id, name, hours: `${String(h1).padStart(2, '0')}:00 – ${String(h2).padStart(2, '0')}:00`, lanes };
  });
  return {
    stamp,
    closed: nowSec() > laInstant(after, 3) + 600,
    body: { terminal: 'apm', day: ordinalOf(day), media: `${cdnOrigin}/apm/`, suffix: '.jpeg', tally, shifts },
  };
}

function send(res, status, type, body, headers = {}) {
  const buf = Buffer.isBuffer(body) ? body : Buffer.from(body);
  res.writeHead(status, { 'content-type': type, 'content-length': buf.length, ...headers });
  res.end(res.req.method === 'HEAD' ? undefined : buf);
}
const sendJson = (res, status, value, headers) => send(res, status, 'application/json; charset=utf-8', JSON.stringify(value), headers);
const NGINX_500 = '<html>\r\n<head><title>500 Internal Server Error</title></head>\r\n<body>\r\n<center><h1>500 Internal Server Error</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n';

const listeners = new Set();
function livePayload() {
  const nowShown = {};
  for (const cam of CAMS) nowShown[cam] = newest(cam, 3).map((t) => ({ k: keyOf(cam, t), w: laWall(t).slice(11, 16) }));
  return { media: `${cdnOrigin}/apm/`, suffix: '.jpeg', now: nowShown };
}
let lastPush = '';
setInterval(() => {
  if (!listeners.size) return;
  const data = JSON.stringify(livePayload());
  const changed = data !== lastPush;
  lastPush = data;
  for (const res of listeners) res.write(changed ? `event: views\ndata: ${data}\n\n` : ': still here\n\n');
}, 5000).unref();

const VENDOR = {
  'vue.js': 'vue/dist/vue.esm-browser.prod.js',
  'element-plus.js': 'element-plus/dist/index.full.min.mjs',
  'element-plus.css': 'element-plus/dist/index.css',
};
const TYPES = { '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.html': 'text/html; charset=utf-8' };
function sendFile(res, file, headers) {
  fs.readFile(file, (err, data) => {
    if (err) send(res, 404, 'text/plain', 'not found');
    else send(res, 200, TYPES[path.extname(res.fileAs ?? file)] ?? 'application/octet-stream', data, headers);
  });
}

function answerSheet(req, res, which) {
  const picked = which !== 'latest';
  const day = picked ? dayOfOrdinal(which) : laDay(nowSec());
  setTimeout(() => {
    if (res.destroyed) return;
    if (flags.has('api-error')) return send(res, 500, 'text/html', NGINX_500);
    if (picked && failOnceLeft > 0) {
      failOnceLeft--;
      return send(res, 500, 'text/html', NGINX_500);
    }
    if (!day) return sendJson(res, 400, { fault: 'no such day' });
    const { stamp, closed, body } = sheetOf(day);
    const headers = { 'cache-control': closed ? 'private, max-age=21600' : 'no-cache' };
    if (stamp) headers['last-modified'] = new Date(stamp * 1000).toUTCString();
    const since = Date.parse(req.headers['if-modified-since'] ?? '') / 1000;
    if (stamp && since >= stamp) {
      res.writeHead(304, headers);
      return res.end();
    }
    sendJson(res, 200, body, headers);
  }, flags.has('slow') ? 3000 : 350);
}

const page = http.createServer((req, res) => {
  const url = new URL(req.url, 'http://x');
  const p = url.pathname;
  if (p === '/__truth') {
    const cam = url.searchParams.get('camera');
    const date = url.searchParams.get('date') ?? '';
    if (!CAMS.includes(cam) || !isDay(date)) return sendJson(res, 400, { error: 'camera and date are needed' });
    const list = framesBetween(cam, laInstant(date, 0), laInstant(shiftDay(date, 1), 0)).map((t) => {
      const base = `${cdnOrigin}/apm/${keyOf(cam, t)}`;
      return { instant: `${iso(t)}Z`, url: `${base}.jpeg`, thumbnail: `${base}-thumbnail.jpeg` };
    });
    return sendJson(res, 200, list);
  }
  if (p === '/__truth/requests') return sendJson(res, 200, seen);
  seen.push(req.url);
  if (req.method !== 'GET' && req.method !== 'HEAD') return send(res, 405, 'text/plain', 'method not allowed');

  if (p === '/gateviews/apm/live') {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    res.write(`retry: 4000\nevent: views\ndata: ${JSON.stringify(livePayload())}\n\n`);
    listeners.add(res);
    res.on('close', () => listeners.delete(res));
    return;
  }
  let m = /^\/gateviews\/apm\/([\w-]+)$/.exec(p);
  if (m) return answerSheet(req, res, m[1]);
  m = /^\/vendor\/([\w.-]+)$/.exec(p);
  if (m && Object.hasOwn(VENDOR, m[1])) {
    res.fileAs = m[1];
    return sendFile(res, path.join(opt.modules, VENDOR[m[1]]), { 'cache-control': 'public, max-age=86400' });
  }
  if (p === '/assets/app.js') {
    if (flags.has('blank')) return send(res, 404, 'text/html', '<h1>Not Found</h1>');
    return sendFile(res, path.join(HERE, 'app.js'), { 'cache-control': 'no-cache' });
  }
  if (p === '/assets/app.css') return sendFile(res, path.join(HERE, 'app.css'), { 'cache-control': 'no-cache' });
  if (p === '/favicon.ico') return res.writeHead(204).end();
  if (p === '/' || p.startsWith('/terminal_cameras')) return sendFile(res, path.join(HERE, 'index.html'), { 'cache-control': 'no-cache' });
  send(res, 404, 'text/plain', 'not found');
});

function unescaped(s) {
  try {
    return decodeURIComponent(s);
  } catch {
    return s;
  }
}
const cdn = http.createServer((req, res) => {
  seen.push(req.url);
  if (req.method !== 'GET' && req.method !== 'HEAD') return send(res, 405, 'text/plain', 'method not allowed');
  const m = /^\/apm\/(.+?)(-thumbnail)?\.jpeg$/.exec(unescaped(new URL(req.url, 'http://x').pathname));
  const f = m && frameOfKey(m[1]);
  if (!f) return send(res, 404, 'application/xml', '<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', { 'access-control-allow-origin': '*' });
  const etag = `"${mix(CAMS.indexOf(f.cam), f.t, 8).toString(16)}${m[2] ? 't' : ''}"`;
  const headers = {
    'access-control-allow-origin': '*',
    'cache-control': 'public, max-age=31536000',
    'last-modified': new Date(f.t * 1000).toUTCString(),
    etag,
  };
  if (req.headers['if-none-match'] === etag) {
    res.writeHead(304, headers);
    return res.end();
  }
  send(res, 200, 'image/jpeg', picture(f.cam, f.t, Boolean(m[2])), headers);
});

let cdnOrigin = '';
cdn.listen(0, '127.0.0.1', () => {
  cdnOrigin = `http://127.0.0.1:${cdn.address().port}`;
  page.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${JSON.stringify({
      page_url: `http://127.0.0.1:${page.address().port}/terminal_cameras/apm`,
      image_url: `${cdnOrigin}/apm`,
    })}\n`);
  });
});
process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
process.stdin.resume();

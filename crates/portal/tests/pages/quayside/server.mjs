// Quayside: an independent imitation of a terminal camera portal (see README.md).
// Two loopback origins: page + API, and the CDN. No npm dependency; Vue and Element Plus are served from --modules.
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

// ---------------------------------------------------------------- command line
const HERE = path.dirname(fileURLToPath(import.meta.url));
const opt = { modules: '', imageTime: 'utc', seed: 1, behaviour: [] };
for (let i = 2; i < process.argv.length; i++) {
  let [flag, value] = process.argv[i].split(/=(.*)/s);
  value ??= process.argv[++i];
  if (flag === '--modules') opt.modules = path.resolve(value);
  else if (flag === '--image-time' && /^(utc|local)$/.test(value)) opt.imageTime = value;
  else if (flag === '--seed') opt.seed = Number(value) >>> 0;
  else if (flag === '--behaviour') opt.behaviour.push(...value.split(',').map((s) => s.trim()).filter(Boolean));
  else die(`bad option: ${flag} ${value}`);
}
function die(message) { console.error(message); process.exit(2); }
if (!fs.existsSync(path.join(opt.modules, 'vue'))) die('--modules DIR must hold vue and element-plus');

const behave = { emptyDays: new Map(), apiError: false, apiErrorOnce: false, blank: false, slow: false };
for (const b of opt.behaviour) {
  const m = /^(empty|empty-bare):(\d{4}-\d\d-\d\d)$/.exec(b);
  if (m) behave.emptyDays.set(m[2], m[1]);
  else if (b === 'api-error') behave.apiError = true;
  else if (b === 'api-error-once') behave.apiErrorOnce = true;
  else if (b === 'blank') behave.blank = true;
  else if (b === 'slow') behave.slow = true;
  else die(`unknown behaviour: ${b}`);
}

// ---------------------------------------------------------------- terminal time (all instants are whole epoch seconds)
const CAMERAS = ['in_gate', 'out_gate'];
const FIRST_DAY = '2024-01-01';
const laFormat = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/Los_Angeles', hourCycle: 'h23',
  year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
});
/** Local wall clock as 'YYYY-MM-DDTHH:MM:SS'. */
function localIso(t) {
  const p = Object.fromEntries(laFormat.formatToParts(t * 1000).map((x) => [x.type, x.value]));
  return `${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}:${p.second}`;
}
const utcIso = (t) => new Date(t * 1000).toISOString().slice(0, 19);
const wallIso = (t) => (opt.imageTime === 'utc' ? utcIso(t) : localIso(t));
const localDay = (t) => localIso(t).slice(0, 10);
const now = () => Math.floor(Date.now() / 1000);
function isDay(s) {
  if (!/^\d{4}-\d\d-\d\d$/.test(s ?? '')) return false;
  const ms = Date.parse(`${s}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === s; // no 31st of February
}
/** First second of a local day: midnight is 07:00Z or 08:00Z and is never skipped or repeated in Los Angeles. */
function dayStart(day) {
  const base = Date.parse(`${day}T00:00:00Z`) / 1000;
  return [7, 8].map((h) => base + h * 3600).find((t) => localIso(t) === `${day}T00:00:00`);
}
const dayAfter = (day) => new Date(Date.parse(`${day}T00:00:00Z`) + 86400e3).toISOString().slice(0, 10);
const dayEnd = (day) => dayStart(dayAfter(day));
const HISTORY_START = dayStart(FIRST_DAY);
const ISO_NAMES_SINCE = dayStart('2024-06-01'); // before this the file name holds a millisecond Unix time

// ---------------------------------------------------------------- frames: a pure function of seed, camera and time
function hash(...numbers) {
  let h = 0x811c9dc5 ^ opt.seed;
  for (const n of numbers) {
    h = Math.imul(h ^ (n | 0), 0x85ebca6b); h ^= h >>> 13; h = Math.imul(h, 0xc2b2ae35); h ^= h >>> 16;
  }
  return h >>> 0;
}
const SLOT = 600, OUTAGE_BLOCK = 43200;
function inOutage(cam, t) {
  const block = Math.floor(t / OUTAGE_BLOCK);
  for (const b of [block - 1, block]) { // an outage may reach into the next block
    if (hash(cam, b, 77) % 100 >= 8) continue;
    const from = b * OUTAGE_BLOCK + hash(cam, b, 78) % OUTAGE_BLOCK;
    if (t >= from && t < from + 3600 + hash(cam, b, 79) % (6 * 3600)) return true;
  }
  return false;
}
/** The instant of a slot's frame, or null when the slot was missed. */
function slotInstant(cam, k) {
  let t = k * SLOT + hash(cam, 5) % 300 + hash(cam, k, 1) % 240;
  // Odd seconds in odd hours, even ones in even hours: one hour apart never share a wall-clock time, so in local mode
  // the hour that is repeated in autumn has distinct addresses. (300 + 240 < 600: no frame leaves its slot.)
  if ((t & 1) !== (Math.floor(t / 3600) & 1)) t ^= 1;
  if (t < HISTORY_START || hash(cam, k, 2) % 100 < 5 || inOutage(cam, t)) return null;
  return behave.emptyDays.size && behave.emptyDays.has(localDay(t)) ? null : t;
}
/** Instants in [from, to), never later than now, oldest first. */
function framesBetween(camera, from, to) {
  const cam = CAMERAS.indexOf(camera), out = [], end = Math.min(to, now() + 1);
  for (let k = Math.floor(from / SLOT); k * SLOT < end; k++) {
    const t = slotInstant(cam, k);
    if (t !== null && t >= from && t < end) out.push(t);
  }
  return out;
}
function framePath(camera, t) { // without extension
  const iso = wallIso(t);
  return `/apm/${iso.slice(0, 10)}/${Number(iso.slice(11, 13))}/${t < ISO_NAMES_SINCE ? t * 1000 : iso}-${camera}`;
}
/** The file key's first part names the storage generation, which the page needs for the file name; the rest says nothing. */
function fileKey(camera, t) {
  const cam = CAMERAS.indexOf(camera), raw = Buffer.alloc(12);
  for (let i = 0; i < 3; i++) raw.writeUInt32BE(hash(cam, t, 100 + i), i * 4);
  return `${t < ISO_NAMES_SINCE ? 'a1' : 'b2'}.${raw.toString('base64url')}`;
}

// ---------------------------------------------------------------- API: one GraphQL-like endpoint for live and archive
const counts = { cdn: 0, api: 0 };
// The archive answers for the day with the ends of the neighbouring night shifts, as gate staff asked for.
const PAD_BEFORE = 5400, PAD_AFTER = 2400;
const node = (camera, t) => ({ __typename: 'Frame', takenAt: t, fileKey: fileKey(camera, t) });
const cursorOf = (day, t) => Buffer.from(`arc:${day}:${t}`).toString('base64url');
const gqlError = (message, code) => ({ errors: [{ message, extensions: { code } }], data: null });

function archive(camera, day, first, after) {
  const start = dayStart(day), end = dayEnd(day);
  const bare = behave.emptyDays.get(day) === 'empty-bare';
  const all = bare ? [] : framesBetween(camera, start - PAD_BEFORE, end + PAD_AFTER).reverse();
  let rest = all;
  if (after) {
    const [kind, d, t] = Buffer.from(String(after), 'base64url').toString().split(':');
    if (kind !== 'arc' || d !== day) return null;
    rest = all.filter((x) => x < Number(t)); // a value, not an offset: new frames do not shift the pages
  }
  const page = rest.slice(0, first);
  return {
    __typename: 'FrameConnection', day,
    dayCount: all.filter((t) => t >= start && t < end).length, totalCount: all.length,
    pageInfo: { hasNextPage: rest.length > page.length, endCursor: page.length ? cursorOf(day, page.at(-1)) : null },
    edges: page.map((t) => ({ cursor: cursorOf(day, t), node: node(camera, t) })),
  };
}

async function api(req, res) {
  counts.api++;
  if (req.method !== 'POST') return json(res, 405, gqlError('POST only', 'METHOD_NOT_ALLOWED'));
  let body;
  try { body = JSON.parse(await readBody(req)); } catch { return json(res, 400, gqlError('bad JSON', 'BAD_REQUEST')); }
  const { operationName, variables: v = {} } = body ?? {};
  const camera = String(v?.stream ?? '').toLowerCase();
  if (!CAMERAS.includes(camera)) return json(res, 200, gqlError('unknown stream', 'BAD_USER_INPUT'));
  const wrap = (field) => ({ data: { terminal: { code: 'APM', camera: { slug: camera, ...field } } } });
  if (operationName === 'LiveFrames') {
    await sleep(120);
    const t = now();
    // A long outage leaves the live strip with the last pictures there were.
    return json(res, 200, wrap({ live: framesBetween(camera, t - 3 * 86400, t + 1).slice(-3).reverse().map((x) => node(camera, x)) }));
  }
  if (operationName !== 'ArchiveDay') return json(res, 200, gqlError('unknown operation', 'BAD_USER_INPUT'));
  await sleep(behave.slow ? 3000 : 250 + hash(counts.api, 9) % 500);
  if (behave.apiError || behave.apiErrorOnce) {
    behave.apiErrorOnce = false;
    return json(res, 500, gqlError('upstream timed out', 'INTERNAL_SERVER_ERROR'));
  }
  if (!isDay(v.day) || v.day < FIRST_DAY || v.day > localDay(now())) return json(res, 200, gqlError('day out of range', 'BAD_USER_INPUT'));
  const result = archive(camera, v.day, Math.min(Math.max(Number(v.first) || 32, 1), 50), v.after);
  return result ? json(res, 200, wrap({ archive: result })) : json(res, 200, gqlError('bad cursor', 'BAD_USER_INPUT'));
}

// ---------------------------------------------------------------- pictures: a baseline JPEG with DC coefficients only
const FONT = { 0: '75557', 1: '26227', 2: '71747', 3: '71717', 4: '55711', 5: '74717', 6: '74757', 7: '71111', 8: '75757', 9: '75717', '-': '00700', ':': '02020' }; // 3x5 glyphs, one octal digit a row
function picture(camera, t, width, height) {
  const bw = Math.ceil(width / 8), bh = Math.ceil(height / 8), cam = CAMERAS.indexOf(camera);
  const grid = new Uint8Array(bw * bh * 3); // one RGB colour per 8x8 block
  const rect = (x0, y0, x1, y1, rgb) => {
    for (let y = Math.max(0, y0 | 0); y < Math.min(bh, y1 | 0); y++)
      for (let x = Math.max(0, x0 | 0); x < Math.min(bw, x1 | 0); x++) grid.set(rgb, (y * bw + x) * 3);
  };
  const iso = localIso(t), hour = Number(iso.slice(11, 13)) + Number(iso.slice(14, 16)) / 60;
  const light = 0.25 + 0.75 * Math.max(0, Math.sin(((hour - 5.5) / 14) * Math.PI));
  for (let y = 0; y < bh; y++) {
    const f = y / bh, sky = f < 0.45;
    rect(0, y, bw, y + 1, (sky ? [120 + 90 * f, 165 + 60 * f, 225] : [120 - 40 * f, 118 - 40 * f, 112 - 40 * f]).map((c) => c * light));
  }
  const paint = [[196, 62, 48], [38, 92, 160], [222, 168, 50], [60, 130, 90], [150, 150, 158]];
  for (let i = 0; i < 5; i++) { // containers in the yard; cab colours and places differ from frame to frame
    const h = hash(cam, t, 200 + i), x = (h % 85) / 100 * bw, y = bh * (0.38 + ((h >>> 8) % 40) / 100);
    rect(x, y, x + bw * 0.16, y + bh * 0.13, paint[(h >>> 16) % 5].map((c) => c * light));
  }
  const scale = width > 600 ? 2 : 1, text = (s, y) => [...s].forEach((c, i) => [...FONT[c]].forEach((row, dy) => {
    for (let dx = 0; dx < 3; dx++) if ((Number(row) >> (2 - dx)) & 1)
      rect((i * 4 + dx) * scale, y + dy * scale, (i * 4 + dx + 1) * scale, y + (dy + 1) * scale, [250, 250, 240]);
  }));
  rect(0, 0, 40 * scale, 13 * scale, [10, 10, 10]);
  text(iso.slice(0, 10), scale); text(iso.slice(11), 7 * scale);
  return encodeJpeg(grid, bw, bh, width, height, `${camera} ${t}`);
}
// Standard luminance DC code lengths; for AC a table with the single code '0' = end of block.
const DC_COUNTS = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const DC_CODES = ['00', '010', '011', '100', '101', '110', '1110', '11110', '111110', '1111110', '11111110', '111111110'];
function encodeJpeg(grid, bw, bh, width, height, comment) {
  const seg = (marker, bytes) => Buffer.concat([Buffer.from([0xff, marker, (bytes.length + 2) >> 8, (bytes.length + 2) & 255]), Buffer.from(bytes)]);
  const scan = [];
  let acc = 0, bits = 0;
  const put = (value, n) => {
    acc = (acc << n) | value; bits += n;
    while (bits >= 8) {
      const b = (acc >>> (bits - 8)) & 255;
      scan.push(b); if (b === 255) scan.push(0);
      bits -= 8; acc &= (1 << bits) - 1;
    }
  };
  const last = [0, 0, 0];
  for (let i = 0; i < bw * bh; i++) {
    const [r, g, b] = grid.subarray(i * 3, i * 3 + 3);
    const ycc = [0.299 * r + 0.587 * g + 0.114 * b - 128, -0.1687 * r - 0.3313 * g + 0.5 * b, 0.5 * r - 0.4187 * g - 0.0813 * b];
    for (let c = 0; c < 3; c++) {
      const q = Math.round(ycc[c]), d = q - last[c]; // quantiser 8: the DC coefficient is the mean itself
      last[c] = q;
      const size = d === 0 ? 0 : 32 - Math.clz32(Math.abs(d));
      put(parseInt(DC_CODES[size], 2), DC_CODES[size].length);
      if (size) put(d > 0 ? d : d + (1 << size) - 1, size);
      put(0, 1);
    }
  }
  if (bits) put((1 << (8 - bits)) - 1, 8 - bits);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    seg(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]), seg(0xfe, [...Buffer.from(comment)]),
    seg(0xdb, [0, ...Array(64).fill(8)]),
    seg(0xc0, [8, height >> 8, height & 255, width >> 8, width & 255, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]),
    seg(0xc4, [0x00, ...DC_COUNTS, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    seg(0xc4, [0x10, 1, ...Array(15).fill(0), 0]),
    seg(0xda, [3, 1, 0, 2, 0, 3, 0, 0, 63, 0]),
    Buffer.from(scan), Buffer.from([0xff, 0xd9]),
  ]);
}

function cdn(req, res) {
  if (req.headers['sec-fetch-dest'] || req.headers.referer) counts.cdn++;
  const m = /^(\/apm\/(\d{4}-\d\d-\d\d)\/\d{1,2}\/(\d{13}|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d))-([a-z_]+?))(-thumbnail)?\.jpeg$/
    .exec(decodeURIComponentSafe(new URL(req.url, 'http://x').pathname));
  let t;
  if (m && CAMERAS.includes(m[5])) {
    const asUtc = m[4] ? Date.parse(`${m[4]}Z`) / 1000 : NaN;
    const candidates = m[4] ? [0, 7, 8].map((h) => asUtc + h * 3600) : [Number(m[3]) / 1000];
    // Rebuilding the address from the frame leaves exactly one form that is right.
    t = candidates.find((x) => Number.isInteger(x) && x <= now() && framePath(m[5], x) === m[1]
      && slotInstant(CAMERAS.indexOf(m[5]), Math.floor(x / SLOT)) === x);
  }
  if (t === undefined) { res.writeHead(404, { 'content-type': 'text/plain' }); return res.end('Not Found'); }
  const jpeg = m[6] ? picture(m[5], t, 320, 180) : picture(m[5], t, 1200, 675);
  res.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': jpeg.length, 'cache-control': 'public, max-age=31536000, immutable' });
  res.end(req.method === 'HEAD' ? undefined : jpeg);
}

// ---------------------------------------------------------------- page, files, truth
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const decodeURIComponentSafe = (s) => { try { return decodeURIComponent(s); } catch { return s; } };
async function readBody(req) {
  let s = '';
  for await (const chunk of req) if ((s += chunk).length > 65536) throw new Error('too long');
  return s;
}
function json(res, status, value) {
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  res.end(JSON.stringify(value));
}
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css' };
function file(res, name) {
  fs.readFile(name, (error, data) => {
    res.writeHead(error ? 404 : 200, { 'content-type': `${TYPES[name.split('.').pop()]}; charset=utf-8` });
    res.end(error ? 'Not Found' : data);
  });
}
const EP = path.join(opt.modules, 'element-plus/dist');
const STATIC = {
  '/terminal_cameras/apm': path.join(HERE, 'index.html'),
  '/assets/app.js': path.join(HERE, 'app.js'), '/assets/app.css': path.join(HERE, 'app.css'),
  '/vendor/vue.js': path.join(opt.modules, 'vue/dist/vue.global.prod.js'),
  '/vendor/element-plus.js': path.join(EP, 'index.full.min.js'), '/vendor/element-plus.css': path.join(EP, 'index.css'),
  '/vendor/element-plus-de.js': path.join(EP, 'locale/de.min.js'),
};
let imageUrl;
async function site(req, res) {
  const url = new URL(req.url, 'http://x'), p = url.pathname;
  if (p === '/api/graphql') return api(req, res);
  if (p === '/__truth/requests') return json(res, 200, counts);
  if (p === '/__truth') {
    const camera = url.searchParams.get('camera'), day = url.searchParams.get('date');
    if (!CAMERAS.includes(camera) || !isDay(day)) return json(res, 400, { error: 'camera and date' });
    const origin = new URL(imageUrl).origin;
    return json(res, 200, framesBetween(camera, dayStart(day), dayEnd(day)).map((t) => ({
      instant: `${utcIso(t)}Z`, url: `${origin}${framePath(camera, t)}.jpeg`, thumbnail: `${origin}${framePath(camera, t)}-thumbnail.jpeg`,
    })));
  }
  if (p === '/assets/env.js') { // deployment settings are kept out of the bundle
    res.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'no-store' });
    const zone = opt.imageTime === 'utc' ? 'UTC' : 'America/Los_Angeles';
    return res.end(`window.__QS_ENV__ = ${JSON.stringify({ media: imageUrl, mediaClock: zone, firstDay: FIRST_DAY })};\n`);
  }
  // 'blank': the bundle is missing after a bad deployment; the HTML alone shows nothing.
  if (p === '/assets/app.js' && behave.blank) { res.writeHead(503); return res.end(); }
  if (STATIC[p]) return file(res, STATIC[p]);
  res.writeHead(404, { 'content-type': 'text/plain' }); res.end('Not Found');
}
const listen = (handler) => new Promise((done) => {
  const server = http.createServer((req, res) => Promise.resolve(handler(req, res)).catch((e) => { console.error(e); res.destroy(); }));
  server.listen(0, '127.0.0.1', () => done(server.address().port));
});
const cdnPort = await listen(async (req, res) => cdn(req, res));
imageUrl = `http://127.0.0.1:${cdnPort}/apm`;
const pagePort = await listen(site);
console.log(JSON.stringify({ page_url: `http://127.0.0.1:${pagePort}/terminal_cameras/apm`, image_url: imageUrl }));
process.stdin.resume().on('end', () => process.exit(0));

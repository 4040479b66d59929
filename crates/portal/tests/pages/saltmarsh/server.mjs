// "saltmarsh": an imitation of a gate camera portal. See README.md.
import http from 'node:http';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HERE = dirname(fileURLToPath(import.meta.url));
const { values: opt } = parseArgs({ options: {
  modules: { type: 'string' }, 'image-time': { type: 'string', default: 'utc' },
  behaviour: { type: 'string', default: '' }, seed: { type: 'string', default: '1' },
} });
const behaviours = opt.behaviour.split(',').map((s) => s.trim()).filter(Boolean);
const has = (name) => behaviours.includes(name);
const emptyDays = new Set(behaviours.filter((b) => b.startsWith('empty:')).map((b) => b.slice(6)));
const CAMERAS = ['in_gate', 'out_gate'];
const ZONE = 'America/Los_Angeles';
const IMAGE_ZONE = opt['image-time'] === 'local' ? ZONE : 'UTC';
const requests = [];
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const nowSec = () => Date.now() / 1000;

// ---- clock -------------------------------------------------------------------------------------
const formatters = Object.fromEntries([ZONE, 'UTC'].map((timeZone) => [timeZone, new Intl.DateTimeFormat('sv-SE', {
  timeZone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' })]));
const wall = (sec, zone) => formatters[zone].format(sec * 1000).replace(' ', 'T'); // 2025-09-07T10:17:34
const localDay = (sec) => wall(sec, ZONE).slice(0, 10);
const dayAdd = (date, n) => new Date(Date.parse(date) + n * 864e5).toISOString().slice(0, 10);
/** The instant of a full local hour; only asked for hours which exist once (multiples of four). */
function localHour(date, hour) {
  if (hour === 24) return localHour(dayAdd(date, 1), 0);
  const base = Date.parse(date) / 1000 + hour * 3600;
  const want = `${date}T${String(hour).padStart(2, '0')}:00:00`;
  return [7, 8].map((h) => base + h * 3600).find((t) => wall(t, ZONE) === want);
}

// ---- frames ------------------------------------------------------------------------------------
const FIRST = localHour('2024-01-01', 0);
const FORM_JPG = localHour('2024-07-01', 0); // before: <milliseconds>.jpeg; from here on: <ISO>.jpg
const FORM_NEW = localHour('2025-01-01', 0); // from here on: <ISO>.jpeg
function rnd(...key) { // a number in 0..1 which depends on nothing but the key
  let h = 2166136261;
  for (const c of [opt.seed, ...key].join('|')) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  h = Math.imul(h ^ (h >>> 15), 2246822507); h = Math.imul(h ^ (h >>> 13), 3266489909);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}
const CALM = nowSec() - 20 * 3600; // none since then: who reads the page tells by the newest frame how its names are to be read
function inOutage(camera, sec) { // one day in twenty has an outage of one to nine hours
  if (sec >= CALM) return false;
  const day = Math.floor(sec / 86400);
  return [day, day - 1].some((d) => {
    if (rnd(camera, 'outage', d) > 0.05) return false;
    const from = d * 86400 + rnd(camera, 'from', d) * 86400;
    return sec >= from && sec < from + 3600 + rnd(camera, 'length', d) * 8 * 3600;
  });
}
/** The frame of a slot of ten minutes: its instant in seconds, or 0. */
function frameOfSlot(camera, slot) {
  if (rnd(camera, 'miss', slot) < 0.03) return 0;
  const phase = Math.floor(rnd(camera, 'phase', Math.floor(slot / 36)) * 480);
  let s = slot * 600 + phase + Math.floor(rnd(camera, 'jitter', slot) * 100);
  s = s - (s % 2) + (Math.floor(s / 3600) % 2); // parity of seconds = parity of the UTC hour
  if (s < FIRST || s + 9 + rnd(camera, 'lag', slot) * 8 > nowSec() || inOutage(camera, s)) return 0;
  return emptyDays.has(localDay(s)) ? 0 : s;
}
function frames(camera, from, to) {
  const out = [];
  for (let k = Math.floor(from / 600); k * 600 < to; k++) {
    const s = frameOfSlot(camera, k);
    if (s >= from && s < to) out.push(s);
  }
  return out;
}
function newest(camera, n) {
  const out = [];
  for (let k = Math.floor(nowSec() / 600), left = 3000; out.length < n && left > 0; k--, left--) {
    const s = frameOfSlot(camera, k);
    if (s) out.unshift(s);
  }
  return out;
}
const form = (s) => (s < FORM_JPG ? 2 : s < FORM_NEW ? 1 : 0);
function pathOf(camera, s, thumbnail) {
  const t = wall(s, IMAGE_ZONE);
  const name = form(s) === 2 ? s * 1000 : t;
  return `/apm/${t.slice(0, 10)}/${+t.slice(11, 13)}/${name}-${camera}${thumbnail ? '-thumbnail' : ''}.${form(s) === 1 ? 'jpg' : 'jpeg'}`;
}

// ---- protobuf, written by hand (the schema is in README.md) --------------------------------------
function varint(n) { const b = []; for (; n > 127; n >>>= 7) b.push((n & 127) | 128); return Buffer.from([...b, n]); }
const bytes = (field, buf) => Buffer.concat([varint(field * 8 + 2), varint(buf.length), buf]);
const uint = (field, n) => Buffer.concat([varint(field * 8), varint(n)]);
const fixed32 = (field, n) => { const b = Buffer.alloc(4); b.writeUInt32LE(n); return Buffer.concat([varint(field * 8 + 5), b]); };
const photo = (s) => bytes(2, Buffer.concat([fixed32(1, s), form(s) ? uint(2, form(s)) : Buffer.alloc(0)]));
const summary = (camera, day, counts) => bytes(1, Buffer.concat([
  bytes(1, Buffer.from(camera)), uint(2, day), bytes(3, Buffer.concat(counts.map(varint)))]));
const delimited = (msg) => Buffer.concat([varint(msg.length), msg]);

let failed = false;
async function history(res, camera, day, watch) {
  const date = new Date(day * 864e5).toISOString().slice(0, 10);
  if (has('slow')) await sleep(3000);
  await sleep(150 + Math.random() * 250);
  const once = has('api-error-once') && !failed && date !== localDay(nowSec());
  if (once) failed = true;
  if (once || has('api-error')) { res.writeHead(503, { 'content-type': 'text/plain' }); return res.end('upstream unavailable\n'); }
  const bounds = [0, 4, 8, 12, 16, 20, 24].map((h) => localHour(date, h));
  const lists = [0, 1, 2, 3, 4, 5].map((i) => frames(camera, bounds[i], bounds[i + 1]));
  const list = [...lists[watch]];
  // The picture before the day and the one after it are sent along, for continuity.
  if (watch === 0) list.unshift(...frames(camera, bounds[0] - 1800, bounds[0]).slice(-1));
  if (watch === 5) list.push(...frames(camera, bounds[6], bounds[6] + 1800).slice(0, 1));
  res.writeHead(200, { 'content-type': 'application/x-protobuf; delimited=true', 'cache-control': 'no-store' });
  res.write(delimited(summary(camera, day, lists.map((l) => l.length))));
  const body = Buffer.concat(list.map((s) => delimited(photo(s))));
  for (let at = 0; at < body.length; at += 100) { // streamed; a chunk may end within a message
    await sleep(60);
    res.write(body.subarray(at, at + 100));
  }
  res.end();
}

// ---- live pictures over a WebSocket ---------------------------------------------------------------
function live(req, socket) {
  requests.push(req.url);
  const camera = req.url.split('/').pop();
  if (!CAMERAS.includes(camera) || !req.headers['sec-websocket-key']) return socket.destroy();
  const accept = createHash('sha1').update(req.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  const send = (msg) => socket.write(Buffer.concat([Buffer.from([0x82, msg.length]), msg])); // all shorter than 126
  let last = 0;
  const push = (n) => newest(camera, n).filter((s) => s > last).forEach((s) => { last = s; send(photo(s)); });
  push(3);
  const timer = setInterval(push, 5000, 1);
  socket.on('data', (d) => { if ((d[0] & 15) === 8) socket.end(Buffer.from([0x88, 0])); });
  socket.on('close', () => clearInterval(timer)).on('error', () => socket.destroy());
}

// ---- the page's origin ------------------------------------------------------------------------------
const LIB = {
  'vue.js': 'vue/dist/vue.global.prod.js', 'ep.js': 'element-plus/dist/index.full.min.js', 'ep.css': 'element-plus/dist/index.css',
  'ep-fr.js': 'element-plus/dist/locale/fr.min.js', 'dayjs-fr.js': 'dayjs/locale/fr.js',
};
const TYPES = { js: 'text/javascript', css: 'text/css', html: 'text/html' };
function file(res, path, change = (text) => text) {
  res.writeHead(200, { 'content-type': `${TYPES[path.split('.').pop()]}; charset=utf-8` });
  res.end(change(readFileSync(path, 'utf8')));
}
const json = (res, data) => { res.writeHead(200, { 'content-type': 'application/json' }); res.end(JSON.stringify(data)); };
const page = http.createServer((req, res) => {
  const url = new URL(`http://x${req.url}`);
  const path = url.pathname;
  if (path === '/__truth/requests') return json(res, requests);
  if (path === '/__truth') {
    const camera = url.searchParams.get('camera');
    const date = url.searchParams.get('date');
    if (!CAMERAS.includes(camera) || !/^\d{4}-\d\d-\d\d$/.test(date ?? '') || !Date.parse(date)) { res.writeHead(400); return res.end(); }
    return json(res, frames(camera, localHour(date, 0), localHour(date, 24)).map((s) => ({
      instant: new Date(s * 1000).toISOString().replace('.000', ''),
      url: cdnOrigin + pathOf(camera, s), thumbnail: cdnOrigin + pathOf(camera, s, true) })));
  }
  requests.push(req.url);
  let m;
  if (path === '/terminal_cameras/apm') {
    return file(res, join(HERE, 'index.html'), (t) => t.replace('{{CDN}}', `${cdnOrigin}/apm`).replace('{{ZONE}}', IMAGE_ZONE));
  }
  if ((m = path.match(/^\/flux\/releve\/(in_gate|out_gate)\/(\d{5})\/([0-5])$/))) return history(res, m[1], +m[2], +m[3]);
  if (path === '/app.js') return file(res, join(HERE, 'app.js'), (t) => (has('blank') ? `import './chunk-vendors.8f1e.js';\n${t}` : t));
  if (path === '/app.css') return file(res, join(HERE, 'app.css'));
  if ((m = path.match(/^\/lib\/([\w.-]+)$/)) && LIB[m[1]]) return file(res, join(opt.modules, LIB[m[1]]));
  res.writeHead(404, { 'content-type': 'text/plain' });
  res.end('not found\n');
}).on('upgrade', live);

// ---- the CDN ------------------------------------------------------------------------------------------
/** A valid grey JPEG: with one-bit Huffman codes every block is the two bits 00. The path goes in as a comment. */
function jpeg(w, h, comment) {
  const seg = (marker, ...b) => Buffer.from([255, marker, (b.length + 2) >> 8, (b.length + 2) & 255, ...b]);
  const huff = (cls) => seg(0xc4, cls << 4, 1, ...Array(15).fill(0), 0);
  const bits = Math.ceil(w / 8) * Math.ceil(h / 8) * 2;
  const data = Buffer.alloc(Math.ceil(bits / 8));
  data[data.length - 1] = (1 << ((8 - (bits % 8)) % 8)) - 1;
  return Buffer.concat([Buffer.from([255, 0xd8]), seg(0xe0, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0), seg(0xfe, ...Buffer.from(comment)),
    seg(0xdb, 0, ...Array(64).fill(8)), seg(0xc0, 8, h >> 8, h & 255, w >> 8, w & 255, 1, 1, 0x11, 0), huff(0), huff(1),
    seg(0xda, 1, 1, 0, 0, 63, 0), data, Buffer.from([255, 0xd9])]);
}
const cdn = http.createServer((req, res) => {
  requests.push(req.url);
  const path = req.url.split('?')[0].replace(/%3a/gi, ':');
  const m = path.match(/\/([^/]+)-(in_gate|out_gate)(-thumbnail)?\.jpe?g$/);
  const t = m && (/^\d+$/.test(m[1]) ? m[1] / 1000 : Date.parse(`${m[1]}Z`) / 1000);
  const hit = t && [0, 7, 8].map((h) => t + h * 3600)
    .find((s) => frameOfSlot(m[2], Math.floor(s / 600)) === s && pathOf(m[2], s, m[3]) === path);
  if (!hit) { res.writeHead(404, { 'content-type': 'text/plain' }); return res.end('not found\n'); }
  res.writeHead(200, { 'content-type': 'image/jpeg', 'cache-control': 'public, max-age=86400', 'access-control-allow-origin': '*' });
  res.end(m[3] ? jpeg(320, 180, path) : jpeg(1200, 675, path));
});

const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(`http://127.0.0.1:${server.address().port}`)));
const cdnOrigin = await listen(cdn);
const pageOrigin = await listen(page);
console.log(JSON.stringify({ page_url: `${pageOrigin}/terminal_cameras/apm`, image_url: `${cdnOrigin}/apm` }));
process.stdin.resume().on('end', () => process.exit(0));

// Ferrywell: an imitation of a gate camera portal, to test scrapers on. See README.md.
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: opt } = parseArgs({ options: {
  modules: { type: 'string' }, 'image-time': { type: 'string', default: 'local' },
  behaviour: { type: 'string', default: '' }, seed: { type: 'string', default: '1' } } });
if (!opt.modules) { console.error('--modules DIR is needed'); process.exit(2); }
const behaviours = opt.behaviour.split(',').map((s) => s.trim()).filter(Boolean);
const emptyDays = new Set(behaviours.filter((b) => b.startsWith('empty:')).map((b) => b.slice(6)));
const has = (b) => behaviours.includes(b);
const here = path.dirname(new URL(import.meta.url).pathname);

// ---- time
const HOUR = 3600;
const FIRST_DATE = '2024-01-01';
const GATES = ['in_gate', 'out_gate'];
const fmt = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Los_Angeles', hourCycle: 'h23',
  year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit' });
const yardCache = new Map(); // UTC hour -> { date, hour } in Los Angeles
function yard(sec) {
  const key = Math.floor(sec / HOUR);
  if (!yardCache.has(key)) {
    const p = Object.fromEntries(fmt.formatToParts(key * HOUR * 1000).map((x) => [x.type, x.value]));
    yardCache.set(key, { date: `${p.year}-${p.month}-${p.day}`, hour: +p.hour });
  }
  return yardCache.get(key);
}
function hoursOf(date) {
  const base = Date.parse(date + 'T00:00:00Z') / 1000;
  const list = [];
  for (let h = 6; h < 34; h++) if (yard(base + h * HOUR).date === date) list.push(base + h * HOUR);
  return list;
}
const nowSec = () => Date.now() / 1000;
const iso = (sec) => new Date(sec * 1000).toISOString().slice(0, 19);

// ---- frames: six slots an hour, all from a hash of seed, gate and slot
function hash(...parts) {
  let h = 2166136261;
  for (const c of [opt.seed, ...parts].join('|')) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  h = Math.imul(h ^ (h >>> 15), 2246822507);
  return (h ^ (h >>> 13)) >>> 0;
}
const CALM = nowSec() / HOUR - 20; // none since then: who reads the page tells by the newest frame how its names are to be read
function outage(gate, hour) { // about one day in fourteen has a hole of two to six hours
  if (hour >= CALM) return false;
  const day = Math.floor(hour / 24);
  return [day - 1, day].some((d) => {
    if (hash('out', gate, d) % 14) return false;
    const from = d * 24 + (hash('from', gate, d) % 24);
    return hour >= from && hour < from + 2 + (hash('len', gate, d) % 5);
  });
}
function nameOf(gate, t) { // three generations of names
  const clock = opt['image-time'] === 'utc' ? iso(t)
    : `${yard(t).date}T${String(yard(t).hour).padStart(2, '0')}:${iso(t).slice(14)}`;
  const ext = t >= Date.parse('2024-05-01T00:00:00Z') / 1000 && t < Date.parse('2024-12-01T00:00:00Z') / 1000 ? 'jpg' : 'jpeg';
  const stem = t < Date.parse('2024-05-01T00:00:00Z') / 1000 ? `${t}000` : clock;
  return { dir: dirOf(t), file: `${stem}-${gate}.${ext}` };
}
function dirOf(t) {
  return opt['image-time'] === 'utc' ? `${iso(t).slice(0, 10)}/${+iso(t).slice(11, 13)}` : `${yard(t).date}/${yard(t).hour}`;
}
function framesOfHour(gate, start) {
  const { date, hour } = yard(start);
  const hourNo = start / HOUR;
  if (date < FIRST_DATE || emptyDays.has(date) || outage(gate, hourNo)) return [];
  const repeated = [-HOUR, HOUR].some((d) => yard(start + d).hour === hour);
  const list = [];
  for (let i = 0; i < 6; i++) {
    const slot = hourNo * 6 + i;
    if (hash('gone', gate, slot) % 100 < 4) continue;
    let s = i * 600 + 40 + (hash('phase', gate, Math.floor(hourNo / 5)) % 420) + (hash('sec', gate, slot) % 100);
    if (repeated) s = s - (s & 1) + (hourNo & 1); // keeps local names of the two autumn hours apart
    const t = start + s;
    if (t + 20 + (hash('delay', slot) % 40) > nowSec()) continue;
    list.push({ t, ...nameOf(gate, t) });
  }
  return list;
}
function newest(gate, n) {
  const list = [];
  const start = Math.floor(nowSec() / HOUR) * HOUR;
  for (let h = 0; h < 96 && list.length < n; h++) list.push(...framesOfHour(gate, start - h * HOUR).reverse());
  return list.slice(0, n);
}

// ---- pictures
const JPEG = Buffer.from(
  '/9j/4AAQSkZJRgABAQAAAQABAAD/4gHYSUNDX1BST0ZJTEUAAQEAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
  'AQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNjAAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFla' +
  'AAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAAAChiVFJDAAABZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJY' +
  'WVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAA' +
  'E9AAAApbAAAAAAAAAABtbHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADb/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBC' +
  'YFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSk' +
  'pKT/wAARCAC0AUADASIAAhEBAxEB/8QAGQABAQEBAQEAAAAAAAAAAAAAAAECBAMF/8QAJhABAQACAQMDBAMBAAAAAAAAABEBAgMEE6ExQVESITJxImGBUv/EABkBAQADAQEAAAAAAAAA' +
  'AAAAAAABAgMEBf/EABsRAQADAQEBAQAAAAAAAAAAAAABAhMRAzIx/9oADAMBAAIRAxEAPwDuGRdRoZAaGQGhkBoZAaGQGhkBoZAaGQGhkBoZAaGQGhkBoZAaGQGhkBoZAaGQGhkBoZAQ' +
  'SlBRKUFEpQUSlBRKUFEpQUSlBRKUFEpQUSlBRKUFEpQUSlBRKUFEpQUSlBRKUFEpQUSlBRKUEGQGhkBoZAaGQGhkBoZAaGQGhkBoZAaGQGhkBoZAaGQGhkBoZAaGQGhkBoZAaGQGhkBB' +
  'AFEAUQBRAFEAUQBRAFEAUQBRAFEAUQBRAFEAUQBRAFEAUQBRAFEAQQBRAFEAUQBRAFEAUQBRAFEAUQBRAFEAUQBRAFEAUQBRAFEAUQBRAGRAFEAUQBRAFEAURceilrxWOyvWs2nkAsIz' +
  '3qvjZBYQ3qY2QWEN6mNkFhDepjZBYQ3qY2QWEN6mNkFhDepjZBYQ3qY2QWEN6mNkEG7FRAFEAUQBRAEpUAWlQBaVAFpUAWlQBa1r6MN6/jhh7/Lbx+lAcrqAAAAAAAAAAAAAAAAYpUHo' +
  'vPWlQBaVAFpUAWlQBkQQlRAFEAUQBRAFeun44eL10/DDH3+W3j9NAOV0gAAAAAAAAAAAAAAAPEQeg4FEAUQBRAFEAQSlBRKUFEpQUSlBRKUFe3H+GHhXvxfhhj7/AC28fpoByukAAAAA' +
  'AAAAAAAAAABziUr0HAolKCiUoKJSgolKDIgCiAKIAogCiAK9uPk1xpjGc/d4CtqxaOStW01nsOnu6fPhnl6jTj487Wz2eDx6u54v1lnjVptZz8vPycu2c77Z/Xtg4ufk4tsZ02z+vbLz' +
  'F+RzinZ719ni6jTk48bWX2a7unz4cHSXHF+8vZTGq+1nT3dPnwd3T58OYMam1nT3dPnwd3T58OYMam1nT3dPnwd3T58OYMam1nT3dP8Arw+Z1PVb8u+ca5zjT2xj3dO9zptjHrnGXzkx' +
  '51rPUT6TaGtd9tM3XbOM/wBZfS6Tqscuk3zN8ev9vlujo8Z+vbPtE2pFv1FbzX8fT7unz4O7p8+HMK41W2sog2YqIAogCiAKIAglKCiUoKJSgolKCiUoKJSgpnGM4zjPplKUHNv022M/' +
  'x++DTpts5/l9sOmlOJ6uMY1xjGPTAlKIUSlBRKUFEpQVz8vT3P1ae/s96UHJjp+TOfvjGP8AXVx6Y49Zj/crSiVEpRCiUoKJSgolKCiUoKJSggAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
  'AAAAAAAAAP/Z', 'base64');
function picture(label) { // the same picture with its name in a comment, so that no two are the same bytes
  const text = Buffer.from(label);
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xfe, 0, text.length + 2]);
  return Buffer.concat([head, text, JPEG.subarray(2)]);
}
function findPicture(pathname) {
  const m = pathname.match(/^\/apm\/(\d{4}-\d\d-\d\d)\/(\d{1,2})\/([^/]+?)(-thumbnail)?\.(jpe?g)$/);
  const gate = m && GATES.find((g) => m[3].endsWith('-' + g));
  const base = m && Date.parse(m[1] + 'T00:00:00Z') / 1000 + m[2] * HOUR;
  if (!gate || Number.isNaN(base)) return null;
  const wanted = `${m[1]}/${m[2]}/${m[3]}.${m[5]}`;
  const offsets = opt['image-time'] === 'utc' ? [0] : [7, 8];
  return offsets.flatMap((o) => framesOfHour(gate, base + o * HOUR)).find((f) => `${f.dir}/${f.file}` === wanted);
}

// ---- servers
const requests = [];
const reply = (res, status, type, body, headers = {}) => {
  res.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers });
  res.end(body);
};
const json = (res, body, status = 200, headers) => reply(res, status, 'application/json', JSON.stringify(body), headers);
const ask = (fn) => (req, res) => {
  const url = new URL(req.url, 'http://x');
  if (!url.pathname.startsWith('/__truth')) requests.push(req.url);
  try { fn(url, res, req); } catch (e) { console.error(e); json(res, { problem: 'internal' }, 500); }
};

const STATIC = {
  'vue.js': ['vue/dist/vue.global.prod.js', 'text/javascript'],
  'element-plus.js': ['element-plus/dist/index.full.min.js', 'text/javascript'],
  'element-plus.css': ['element-plus/dist/index.css', 'text/css'],
};
let onceUsed = false;

function hourAnswer(res, gate, stamp) {
  const start = Date.parse(stamp.replace('Z', ':00:00Z')) / 1000;
  if (Number.isNaN(start)) return json(res, { problem: 'bad hour' }, 400);
  let fail = has('api-error') ? 500 : 0;
  // "once": the first hour asked for that cannot belong to the first load (today and the last hour of yesterday)
  if (has('api-error-once') && !onceUsed && start < hoursOf(yard(nowSec()).date)[0] - HOUR) { onceUsed = true; fail = 503; }
  const wait = 60 + (hash('wait', gate, start, requests.length) % 640) + (has('slow') ? 3000 : 0);
  setTimeout(() => {
    if (fail) return json(res, { problem: 'archive unavailable' }, fail, fail === 503 ? { 'retry-after': '3' } : {});
    const shots = framesOfHour(gate, start).map((f) => ({ file: f.file, mmss: iso(f.t).slice(14) }));
    json(res, { gate, hour: iso(start) + 'Z', dir: dirOf(start), shots });
  }, wait);
}

const pageServer = http.createServer(ask((url, res) => {
  const p = url.pathname;
  let m;
  if (p === '/__truth/requests') return json(res, requests);
  if (p === '/__truth') {
    const gate = url.searchParams.get('camera');
    return json(res, hoursOf(url.searchParams.get('date')).flatMap((h) => framesOfHour(gate, h)).map((f) => {
      const full = `${imageUrl}/${f.dir}/${f.file}`;
      return { instant: iso(f.t) + 'Z', url: full, thumbnail: full.replace(/(\.jpe?g)$/, '-thumbnail$1') };
    }));
  }
  if (p === '/terminal_cameras/apm') return reply(res, 200, 'text/html; charset=utf-8', fs.readFileSync(path.join(here, 'index.html')));
  if ((m = p.match(/^\/static\/([\w.-]+)$/))) {
    if (STATIC[m[1]]) return reply(res, 200, STATIC[m[1]][1], fs.readFileSync(path.join(opt.modules, STATIC[m[1]][0])));
    if (m[1] === 'app.css') return reply(res, 200, 'text/css', fs.readFileSync(path.join(here, 'app.css')));
    if (m[1] === 'app.js') {
      const code = fs.readFileSync(path.join(here, 'app.js'), 'utf8');
      return reply(res, 200, 'text/javascript; charset=utf-8', has('blank') ? code.replace('createApp(App)', 'createAp(App)') : code);
    }
  }
  if (p === '/api/settings') {
    return json(res, { cdn: imageUrl, firstDate: FIRST_DATE,
      gates: [{ value: 'in_gate', label: 'Trucks in' }, { value: 'out_gate', label: 'Trucks out' }] });
  }
  if ((m = p.match(/^\/api\/gates\/(in_gate|out_gate)\/now$/))) {
    const list = newest(m[1], 2);
    const age = list.length ? nowSec() - list[0].t : 0;
    return json(res, { gate: m[1], newest: list.map((f) => ({ at: iso(f.t) + 'Z', dir: f.dir, file: f.file })),
      checkAgainSec: Math.round(Math.max(45, 640 - age)) });
  }
  if ((m = p.match(/^\/api\/gates\/(in_gate|out_gate)\/hours\/(\d{4}-\d\d-\d\dT\d\dZ)$/))) return hourAnswer(res, m[1], m[2]);
  json(res, { problem: 'no such page' }, 404);
}));

const cdn = http.createServer(ask((url, res) => {
  const pathname = decodeURIComponent(url.pathname);
  if (!findPicture(pathname)) return reply(res, 404, 'text/plain', 'Not found');
  reply(res, 200, 'image/jpeg', picture(pathname), { 'access-control-allow-origin': '*', 'cache-control': 'max-age=86400' });
}));

const listen = (s) => new Promise((ok) => s.listen(0, '127.0.0.1', () => ok(s.address().port)));
const imageUrl = `http://127.0.0.1:${await listen(cdn)}/apm`;
const pageUrl = `http://127.0.0.1:${await listen(pageServer)}/terminal_cameras/apm`;
console.log(JSON.stringify({ page_url: pageUrl, image_url: imageUrl }));
process.stdin.resume().on('end', () => process.exit(0)).on('error', () => process.exit(0));

// Portale telecamere varchi, server of the imitation "gannet". See README.md.
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const option = (name, otherwise) => {
  const at = process.argv.indexOf('--' + name);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const MODULES = option('modules', path.join(here, 'node_modules'));
const ZONE = option('image-time', 'utc');
const SEED = Number(option('seed', 1));
const BEHAVIOURS = option('behaviour', '').split(',').filter(Boolean);
const behaves = (name) => BEHAVIOURS.includes(name);
const EMPTY = new Set(BEHAVIOURS.filter((b) => b.startsWith('empty:')).map((b) => b.slice(6)));

const STREAMS = ['in_gate', 'out_gate'];
const HOUR = 3600e3, DELAY = 25e3;
const FIRST = Date.UTC(2024, 0, 1, 8);          // 2024-01-01 00:00 in Los Angeles
const MILLIS_UNTIL = Date.UTC(2024, 6, 1);      // older names: milliseconds, .jpeg
const JPG_UNTIL = Date.UTC(2025, 0, 1);         // then ISO names with .jpg

// ---- clocks -------------------------------------------------------------------------------
const la = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/Los_Angeles', hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric',
});
const offsets = new Map();
function offset(t) {                            // what to add to UTC to get the terminal's wall clock
  const hour = Math.floor(t / HOUR) * HOUR;
  if (!offsets.has(hour)) {
    const p = Object.fromEntries(la.formatToParts(hour).map((x) => [x.type, Number(x.value)]));
    offsets.set(hour, Date.UTC(p.year, p.month - 1, p.day, p.hour) - hour);
  }
  return offsets.get(hour);
}
const isoLocal = (t) => new Date(t + offset(t)).toISOString().slice(0, 19);
const localDate = (t) => isoLocal(t).slice(0, 10);
function dayStart(date) {
  const midnight = Date.parse(date + 'T00:00:00Z');
  return [7, 8].map((h) => midnight + h * HOUR).find((t) => isoLocal(t) === date + 'T00:00:00');
}
const addDays = (date, n) => new Date(Date.parse(date + 'T12:00:00Z') + n * 24 * HOUR).toISOString().slice(0, 10);
const italian = (date) => date.split('-').reverse().join('/');

// ---- frames -------------------------------------------------------------------------------
function dice(...parts) {                       // FNV-1a with a final mix, 0 <= x < 1
  let h = 2166136261 ^ SEED;
  for (const c of parts.join('|')) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  h = Math.imul(h ^ (h >>> 15), 2246822507);
  h = Math.imul(h ^ (h >>> 13), 3266489909);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}
const CALM = Date.now() / HOUR - 20;            // no outage since: who reads the page tells by the newest frame how its names are to be read
function down(stream, hour) {                   // some days have an outage of two to six hours
  if (hour >= CALM) return false;
  const day = Math.floor(hour / 24);
  if (dice('outage', stream, day) > 0.07) return false;
  const from = Math.floor(dice('from', stream, day) * 18);
  return hour % 24 >= from && hour % 24 < from + 2 + Math.floor(dice('long', stream, day) * 5);
}
function framesOfHour(stream, hour) {           // hour: whole hours since 1970, UTC
  if (down(stream, hour)) return [];
  const found = [];
  for (let slot = 0; slot < 6; slot++) {
    if (dice('missing', stream, hour, slot) < 0.03) continue;
    // Even seconds in even hours, odd ones in odd hours: the repeated hour of autumn keeps distinct names.
    const t = hour * HOUR + slot * 600e3 + 300e3 + Math.floor(dice('second', stream, hour, slot) * 120) * 2000 + (hour % 2) * 1000;
    if (t >= FIRST && t + DELAY <= Date.now() && !EMPTY.has(localDate(t))) found.push(t);
  }
  return found;
}
function framesBetween(stream, from, to) {
  const found = [];
  for (let hour = Math.floor(from / HOUR); hour * HOUR < to; hour++) found.push(...framesOfHour(stream, hour));
  return found.filter((t) => t >= from && t < to);
}
const framesOfDay = (stream, date) => framesBetween(stream, dayStart(date), dayStart(addDays(date, 1)));
function newest(stream, count) {
  let found = [], hour = Math.floor(Date.now() / HOUR);
  for (let n = 0; n < 24 * 14 && found.length < count; n++) found = [...framesOfHour(stream, hour - n), ...found];
  return found.slice(-count).reverse();
}
function nameOf(t, stream) {                    // { folder: '2025-09-07/9', time: '2025-09-07T09:17:34', extension }
  const wall = ZONE === 'local' ? isoLocal(t) : new Date(t).toISOString().slice(0, 19);
  return {
    folder: wall.slice(0, 10) + '/' + Number(wall.slice(11, 13)),
    time: t < MILLIS_UNTIL ? String(t) : wall,
    extension: t >= MILLIS_UNTIL && t < JPG_UNTIL ? 'jpg' : 'jpeg',
  };
}
function imagePath(t, stream, suffix = '') {
  const n = nameOf(t, stream);
  return `/apm/${n.folder}/${n.time}-${stream}${suffix}.${n.extension}`;
}

// ---- answers ------------------------------------------------------------------------------
function csv(times, stream, kind = () => 'G') {
  const lines = times.map((t, i) => {
    const n = nameOf(t, stream), wall = isoLocal(t);
    return [i + 1, kind(t), italian(wall.slice(0, 10)), wall.slice(11), n.folder, n.time, n.extension].join(';');
  });
  return ['prog;tipo;data;ora;cartella;marca;est', ...lines].join('\r\n');
}
function archive(stream, date) {                // a day, with two frames of margin on each side
  const day = framesOfDay(stream, date);
  if (!day.length) return csv([], stream);
  const before = framesOfDay(stream, addDays(date, -1)).slice(-2);
  const after = framesOfDay(stream, addDays(date, 1)).slice(0, 2);
  const kind = (t) => (before.includes(t) ? 'P' : after.includes(t) ? 'S' : 'G');
  return csv([...before, ...day, ...after], stream, kind);
}
const views = new Map();                        // JSF view states: half an hour each
function newView() {
  const view = `-${randomInt(1e12)}:${randomInt(1e12)}`;
  for (const [old, made] of views) if (Date.now() - made > HOUR / 2) views.delete(old);
  views.set(view, Date.now());
  return view;
}
const partial = (inner) => `<?xml version='1.0' encoding='UTF-8'?>\n<partial-response id="j_id1">${inner}</partial-response>`;
const failure = (name, message) =>
  partial(`<error><error-name>${name}</error-name><error-message><![CDATA[${message}]]></error-message></error>`);

let failuresLeft = behaves('api-error') ? Infinity : behaves('api-error-once') ? 1 : 0;
function postback(form) {
  if (failuresLeft > 0) {
    failuresLeft--;
    return failure('javax.ejb.EJBException', 'ORA-12541: TNS:no listener');
  }
  if (!views.has(form.get('javax.faces.ViewState'))) return failure('javax.faces.application.ViewExpiredException', 'viewId:/archivio.xhtml');
  const stream = form.get('archivioForm:telecamera');
  const date = (form.get('archivioForm:giorno') ?? '').split('/').reverse().join('-');
  if (!STREAMS.includes(stream) || !(/^\d{4}-\d\d-\d\d$/.test(date) && dayStart(date))) return failure('javax.faces.validator.ValidatorException', 'giorno');
  const text = archive(stream, date);
  const big = text.length > 4096;               // long lists travel compressed, short ones as they are
  const body = big ? gzipSync(text).toString('base64').replace(/.{76}/g, '$&\n') : text;
  return partial(`<changes><update id="archivioForm:elenco" tipo="text/csv" codifica="${big ? 'gzip+base64' : 'nessuna'}"><![CDATA[${body}]]></update>` +
    `<update id="j_id1:javax.faces.ViewState:0"><![CDATA[${newView()}]]></update></changes>`);
}
function page(stream) {
  const today = localDate(Date.now());
  const list = behaves('api-error') ? '<errore>javax.ejb.EJBException</errore>' : `<archivio><![CDATA[${archive(stream, today)}]]></archivio>`;
  const state = `<stato telecamera="${stream}" oggi="${italian(today)}" cdn="${imageUrl}" vista="${newView()}">` +
    `<ultime><![CDATA[${csv(newest(stream, 3), stream)}]]></ultime>${list}</stato>`;
  return fs.readFileSync(path.join(here, 'index.html'), 'utf8').replace('<!--STATO-->', () => state);
}

// ---- servers ------------------------------------------------------------------------------
const JPEG = Buffer.from('/9j/4AAQSkZJRgABAgAAAQABAAD//gAQTGF2YzU5LjM3LjEwMAD/2wBDAAg+Pkk+SVVVVVVVVWRdZGhoaGRkZGRoaGhwcHCDg4NwcHBoaHBwfHyDg4+Tj4eHg4eTk5ubm7q6srLZ2eD/////xACHAAACAwEBAQAAAAAAAAAAAAAABwUGCAQDAgEAAwEBAQEAAAAAAAAAAAAAAAYHCAMFBBAAAgEBBQcFAQEAAAAAAAAAAAECAyGBQVERkaHRMvASE7ExcnEiFDMRAAIBAQYDCAIDAQAAAAAAAAABAgPRgVFBEQShITFhsZEyFBIzE3GyI3LwIv/AABEIACQAQAMBEgACEgADEgD/2gAMAwEAAhEDEQA/AM/gAAA+6UcXcXBLRJHOnHMaEtFofXvK2n8cer834wv7iETl75Sli9cbrhegOAG1wFmA1gZ/A2KBgABqAWYDYBn8CApS0s2FWKbTlkLhft5R9y+xdV5u1Y3dxaGteTNYkfCXdGMvbVJ7RqAggGEBnxoRli93ABTdRrAB6lSisRyHd22YlXIx6ieC42mRSvTox1b5rV9OWl3IU5ZnBLM0gRNbmbyjxtNGkJluprKPG0Ro1vBHN7uBpclMa8nkuNp8ohfbLsHeUOVWUcjKxfFtIPOXirCzk4jWk8l/ryPF/wCWWuHV5Ly/ekhjLxVgjD7GlF4nKdCWpKipuhFZvhYatPDjJs0XR/zh8Y+gs/6JKxKOx8RXO0uRHClfTHF8LDNgHECagOyk/wBfZ40+ZdYHn03/ANfk5Q8yG/eRTpN5xa0veh6G6+Gd37I+wLSA2ALMBrAz+BsUDAADUAswGwDP4EfRVjZ7UuW8rNJcmztS6Xlb30n7oxy01vZ5+++Rf1Xex5gfIAwAf//Z', 'base64');
const requests = [];
const files = {
  '/portale/risorse/app.js': [here, 'app.js'],
  '/portale/risorse/app.css': [here, 'app.css'],
  '/portale/risorse/lib/vue.js': [MODULES, 'vue/dist/vue.global.prod.js'],
  '/portale/risorse/lib/element-plus.js': [MODULES, 'element-plus/dist/index.full.min.js'],
  '/portale/risorse/lib/element-plus-it.js': [MODULES, 'element-plus/dist/locale/it.min.js'],
  '/portale/risorse/lib/element-plus.css': [MODULES, 'element-plus/dist/index.css'],
};
function send(res, status, type, body, cache = 'no-store') {
  res.writeHead(status, { 'Content-Type': type, 'Cache-Control': cache, 'Content-Length': Buffer.byteLength(body) });
  res.end(res.req.method === 'HEAD' ? undefined : body);
}
const site = http.createServer(async (req, res) => {
  const url = new URL(req.url, 'http://x');
  const p = url.pathname;
  if (!p.startsWith('/__truth')) requests.push(req.url);
  if (p === '/__truth/requests') return send(res, 200, 'application/json', JSON.stringify(requests));
  if (p === '/__truth') {
    const stream = url.searchParams.get('camera');
    const list = framesOfDay(stream, url.searchParams.get('date')).map((t) => ({
      instant: new Date(t).toISOString().replace('.000Z', 'Z'),
      url: cdnOrigin + imagePath(t, stream),
      thumbnail: cdnOrigin + imagePath(t, stream, '-thumbnail'),
    }));
    return send(res, 200, 'application/json', JSON.stringify(list));
  }
  const asked = url.searchParams.get('streamName');
  const stream = STREAMS.includes(asked) ? asked : 'in_gate';
  if (p === '/terminal_cameras/apm') return send(res, 200, 'text/html; charset=utf-8', page(stream));
  if (p === '/portale/ultime.js') {             // script injected by the page, in the manner of DWR
    return send(res, 200, 'text/javascript; charset=utf-8', `//#DWR-REPLY\nportale.ultime(${JSON.stringify(csv(newest(stream, 3), stream))});\n`);
  }
  if (p === '/portale/archivio.jsf' && req.method === 'POST') {
    let body = '';
    for await (const chunk of req) body += chunk;
    const wait = 120 + 200 * dice('wait', requests.length) + (behaves('slow') ? 3000 : 0);
    return setTimeout(() => send(res, 200, 'text/xml; charset=utf-8', postback(new URLSearchParams(body))), wait);
  }
  if (files[p]) {
    let body = fs.readFileSync(path.join(...files[p]), 'utf8');
    if (p.endsWith('/app.js') && behaves('blank')) body = body.slice(0, 600) + '\n}}} // deploy interrotto';
    return send(res, 200, (p.endsWith('.css') ? 'text/css' : 'text/javascript') + '; charset=utf-8', body, 'max-age=600');
  }
  send(res, 404, 'text/html; charset=utf-8', '<h1>Errore 404 - Risorsa non trovata</h1>');
});
const cdn = http.createServer((req, res) => {
  requests.push(req.url);
  const p = decodeURIComponent(new URL(req.url, 'http://x').pathname);
  const m = /^\/apm\/(\d{4}-\d\d-\d\d)\/(\d{1,2})\/[^/]+?-(in_gate|out_gate)(-thumbnail)?\.jpe?g$/.exec(p);
  const start = m ? Date.parse(m[1] + 'T00:00:00Z') / HOUR + Number(m[2]) : NaN;
  const hours = ZONE === 'local' ? [start + 7, start + 8] : [start];
  const exists = start === start && hours.some((h) => framesOfHour(m[3], h).some((t) => imagePath(t, m[3], m[4]) === p));
  if (exists) send(res, 200, 'image/jpeg', JPEG, 'max-age=86400');
  else send(res, 404, 'text/plain', 'NoSuchKey');
});
const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(`http://127.0.0.1:${server.address().port}`)));
const cdnOrigin = await listen(cdn);
const imageUrl = cdnOrigin + '/apm';
const origin = await listen(site);
console.log(JSON.stringify({ page_url: origin + '/terminal_cameras/apm', image_url: imageUrl }));
process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0)).resume();

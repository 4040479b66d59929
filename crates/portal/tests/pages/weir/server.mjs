// Weir: a page whose day is divided by one control, of a kind that is told on the command line. See README.md.
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const { values: opt } = parseArgs({ options: {
  modules: { type: 'string' }, 'image-time': { type: 'string', default: 'utc' },
  behaviour: { type: 'string', default: 'select' }, seed: { type: 'string', default: '1' },
} });
if (!opt.modules) { console.error('--modules DIR is needed'); process.exit(2); }

const HOUR = 3600e3;
const LOS_ANGELES = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/Los_Angeles', dateStyle: 'short', timeStyle: 'medium' });
const local = (t) => LOS_ANGELES.format(t).replace(' ', 'T');
const named = (t) => (opt['image-time'] === 'utc' ? new Date(t).toISOString().slice(0, 19) : local(t));
// Even seconds in even hours and odd in odd ones: the hour that comes twice has distinct names.
const frameOf = (slot) => slot * 600e3 + ((slot * 37) % 290) * 2e3 + (Math.floor(slot / 6) % 2) * 1e3;
const frames = (camera, date) => {
  const from = Date.parse(`${date}T00:00:00Z`) + 6 * HOUR;
  const found = [];
  for (let slot = Math.floor(from / 600e3); slot * 600e3 < from + 28 * HOUR; slot += 1) {
    const t = frameOf(slot);
    if (t < Date.now() - 20e3 && local(t).startsWith(date)) found.push(t);
  }
  return found;
};

let cdn = '';
const seen = [];
const address = (camera, t) => `${cdn}/apm/${named(t).slice(0, 10)}/${Number(named(t).slice(11, 13))}/${named(t)}-${camera}`;
const json = (res, value) => res.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(value));
const file = (res, name, type) => res.writeHead(200, { 'content-type': type }).end(fs.readFileSync(name));
const VENDOR = { '/vue.js': 'vue/dist/vue.global.prod.js', '/element-plus.js': 'element-plus/dist/index.full.min.js', '/element-plus.css': 'element-plus/dist/index.css' };

const page = http.createServer((req, res) => {
  const url = new URL(req.url, 'http://page');
  const [camera, date] = ['camera', 'date'].map((name) => url.searchParams.get(name));
  if (url.pathname === '/__truth') {
    return json(res, frames(camera, date).map((t) => ({ instant: new Date(t).toISOString(), url: `${address(camera, t)}.jpeg`, thumbnail: `${address(camera, t)}-thumbnail.jpeg` })));
  }
  if (url.pathname === '/__truth/requests') return json(res, seen);
  seen.push(req.url);
  if (url.pathname === '/day') return json(res, frames(camera, date).map((t) => ({ hour: Number(local(t).slice(11, 13)), image: `${address(camera, t)}.jpeg`, small: `${address(camera, t)}-thumbnail.jpeg` })));
  if (VENDOR[url.pathname]) return file(res, path.join(opt.modules, VENDOR[url.pathname]), url.pathname.endsWith('css') ? 'text/css' : 'text/javascript');
  if (url.pathname === '/app.js') return file(res, path.join(HERE, 'app.js'), 'text/javascript');
  if (url.pathname === '/favicon.ico') return res.writeHead(204).end();
  const html = fs.readFileSync(path.join(HERE, 'index.html'), 'utf8').replace('CONTROL', opt.behaviour);
  return res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
});
// The pictures themselves are never asked for by who lists them.
const pictures = http.createServer((req, res) => { seen.push(req.url); res.writeHead(404).end(); });

pictures.listen(0, '127.0.0.1', () => page.listen(0, '127.0.0.1', () => {
  cdn = `http://127.0.0.1:${pictures.address().port}`;
  console.log(JSON.stringify({ page_url: `http://127.0.0.1:${page.address().port}/terminal_cameras/apm`, image_url: `${cdn}/apm` }));
}));
process.stdin.resume().on('end', () => process.exit(0));

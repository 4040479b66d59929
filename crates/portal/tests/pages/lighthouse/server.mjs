// Imitation of the camera portal ("author C"). See README.md. Node built-ins only.
import http from 'node:http'
import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { FULL, THUMB } from './picture.mjs'

const HERE = path.dirname(fileURLToPath(import.meta.url))

// ---------------------------------------------------------------- command line
const opt = { modules: null, 'image-time': 'utc', behaviour: '', seed: '1' }
for (let i = 2; i < process.argv.length; i++) {
  const m = /^--([a-z-]+)(?:=(.*))?$/s.exec(process.argv[i])
  if (!m || !(m[1] in opt)) fail(`unknown argument ${process.argv[i]}`)
  const value = m[2] ?? process.argv[++i]
  if (value === undefined) fail(`--${m[1]} needs a value`)
  opt[m[1]] = value
}
function fail(text) { console.error(text); process.exit(2) }
if (!opt.modules) fail('--modules DIR is required')
if (!['utc', 'local'].includes(opt['image-time'])) fail('--image-time is utc or local')
const LOCAL = opt['image-time'] === 'local'
const SEED = Number(opt.seed)
if (!Number.isInteger(SEED)) fail('--seed needs a whole number')

const emptyDays = new Set()
let down = ''
let apiError = false, apiErrorOnce = false, blank = false, slow = false
for (const b of opt.behaviour.split(',').map(s => s.trim()).filter(Boolean)) {
  const e = /^empty:(\d{4}-\d\d-\d\d)$/.exec(b)
  if (e) emptyDays.add(e[1])
  else if (b.startsWith('down:')) down = b.slice(5)      // no frame of this camera in the last two hours
  else if (b === 'api-error') apiError = true
  else if (b === 'api-error-once') apiErrorOnce = true
  else if (b === 'blank') blank = true
  else if (b === 'slow') slow = true
  else fail(`unknown behaviour ${b}`)
}

// ---------------------------------------------------------------- frames
const CAMERAS = ['in_gate', 'out_gate']
const SLOT = 600                                         // seconds
const BEGIN = Date.UTC(2024, 0, 1) / 1000
const ISO_NAMES_FROM = Date.UTC(2024, 1, 1) / 1000       // before: Unix milliseconds in the name
const JPEG_FROM = Date.UTC(2024, 6, 1) / 1000            // before: .jpg
const STARTED = Date.now() / 1000
const LAG = 2                                            // seconds from the shutter to the bucket

function hash(...parts) {                                // FNV-1a and a finishing mix
  let h = 2166136261 ^ SEED
  for (const ch of parts.join('|')) h = Math.imul(h ^ ch.charCodeAt(0), 16777619)
  h ^= h >>> 16; h = Math.imul(h, 0x85ebca6b); h ^= h >>> 13; h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

const laFormat = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/Los_Angeles', hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit',
  hour: '2-digit', minute: '2-digit', second: '2-digit'
})
function laIso(t) {                                      // 2025-09-07T10:17:34, Los Angeles
  const p = {}
  for (const { type, value } of laFormat.formatToParts(t * 1000)) p[type] = value
  return `${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}:${p.second}`
}
const utcIso = t => new Date(t * 1000).toISOString().slice(0, 19)

const frameCache = new Map()
function frameOfSlot(camera, slot) {                     // ignores the clock
  const id = camera + slot
  let f = frameCache.get(id)
  if (f === undefined) {
    if (frameCache.size > 200000) frameCache.clear()
    frameCache.set(id, f = makeFrame(camera, slot))
  }
  return f
}
function makeFrame(camera, slot) {
  const hour = Math.floor(slot / 6)
  // while one camera is down, the other one is not, so that the page has a fresh picture at any time of the day
  const steadfast = down && camera !== down && slot * SLOT > STARTED - 7200
  if (!steadfast && hash('outage', camera, hour) % 60 === 0) return null   // camera down for an hour
  if (!steadfast && hash('lost', camera, slot) % 25 === 0) return null     // one frame lost
  const steady = 10 + hash('phase', camera, Math.floor(slot / 20)) % 570
  let off = hash('slip', camera, slot) % 3 === 0 ? 10 + hash('off', camera, slot) % 570 : steady
  // even UTC hours have even seconds, odd ones odd: the doubled local hour in autumn never doubles an address
  if ((off & 1) !== (hour & 1)) off ^= 1
  const t = slot * SLOT + off
  if (t < BEGIN) return null
  if (camera === down && t > STARTED - 7200) return null
  const la = laIso(t)
  if (emptyDays.has(la.slice(0, 10))) return null
  const iso = LOCAL ? la : utcIso(t)
  const stem = `apm/${iso.slice(0, 10)}/${Number(iso.slice(11, 13))}/${t < ISO_NAMES_FROM ? t * 1000 : iso}-${camera}`
  const ext = t < JPEG_FROM ? '.jpg' : '.jpeg'
  return { t, camera, day: la.slice(0, 10), key: stem + ext, thumb: stem + '-thumbnail' + ext }
}
const uploaded = f => f !== null && f.t + LAG <= Date.now() / 1000
function framesBetween(camera, from, to) {               // sorted by instant, only what is there by now
  const out = []
  to = Math.min(to, Date.now() / 1000)
  for (let s = Math.floor(from / SLOT); s * SLOT < to; s++) {
    const f = frameOfSlot(camera, s)
    if (uploaded(f) && f.t >= from && f.t < to) out.push(f)
  }
  return out
}
const midnight = date => Date.parse(date + 'T00:00:00Z') / 1000
const isDate = s => /^\d{4}-\d\d-\d\d$/.test(s) && !Number.isNaN(midnight(s))

function framesOfDay(camera, date) {
  return framesBetween(camera, midnight(date), midnight(date) + 40 * 3600).filter(f => f.day === date)
}
function newest(camera, n) {
  const out = []
  for (let s = Math.floor(Date.now() / 1000 / SLOT); out.length < n && s * SLOT >= BEGIN; s--) {
    const f = frameOfSlot(camera, s)
    if (uploaded(f)) out.push(f)
  }
  return out
}
function listing(prefix) {                               // bucket listing, in the bucket's (byte) order
  const date = /^apm\/(\d{4}-\d\d-\d\d)\//.exec(prefix)?.[1]
  const rows = []
  if (date && isDate(date)) {
    for (const camera of CAMERAS) {
      for (const f of framesBetween(camera, midnight(date) - 3600, midnight(date) + 40 * 3600)) {
        if (!f.key.startsWith(prefix)) continue
        rows.push([f.key, f, 90000 + hash('size', f.key) % 60000])
        rows.push([f.thumb, f, 5000 + hash('size', f.thumb) % 4000])
      }
    }
  }
  rows.sort((a, b) => (a[0] < b[0] ? -1 : 1))
  const out = []
  rows.forEach(([Key, f, Size], i) => {
    const o = { Key, LastModified: utcIso(f.t + LAG) + '.000Z', ETag: `"${hash('tag', Key).toString(16)}"`, Size }
    out.push(o)
    if (i % 45 === 44) out.push(o)                       // the proxy glues the bucket's pages one key too wide
  })
  return { Name: 'cdn', Prefix: prefix, KeyCount: out.length, IsTruncated: false, Contents: out }
}
function exists(key) {                                   // 'full', 'thumb' or null
  const m = /^apm\/\d{4}-\d\d-\d\d\/\d{1,2}\/(?:(\d{13})|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d))-(in_gate|out_gate)(?:-thumbnail)?\.jpe?g$/.exec(key)
  if (!m) return null
  const at = m[1] ? Number(m[1]) / 1000 : Date.parse(m[2] + 'Z') / 1000
  for (const t of m[1] || !LOCAL ? [at] : [at + 7 * 3600, at + 8 * 3600]) {
    if (!Number.isInteger(t)) continue
    const f = frameOfSlot(m[3], Math.floor(t / SLOT))
    if (!uploaded(f)) continue
    if (f.key === key) return 'full'
    if (f.thumb === key) return 'thumb'
  }
  return null
}

// ---------------------------------------------------------------- servers
const files = {
  '/static/vue.js': [path.join(opt.modules, 'vue/dist/vue.global.prod.js'), 'application/javascript'],
  '/static/element-plus.js': [path.join(opt.modules, 'element-plus/dist/index.full.min.js'), 'application/javascript'],
  '/static/element-plus.css': [path.join(opt.modules, 'element-plus/dist/index.css'), 'text/css'],
  '/static/app.js': [path.join(HERE, 'app.js'), 'application/javascript'],
  '/static/app.css': [path.join(HERE, 'app.css'), 'text/css'],
  '/terminal_cameras/apm': [path.join(HERE, 'index.html'), 'text/html; charset=utf-8']
}
for (const [name] of Object.values(files)) if (!fs.existsSync(name)) fail(`missing ${name}`)

let cdnRequests = 0
let cdnOrigin = ''

function send(req, res, status, type, body) {
  const head = { 'Content-Type': type, 'Cache-Control': 'no-store', Vary: 'Accept-Encoding' }
  body = Buffer.from(body)
  if (body.length > 1024 && /\bgzip\b/.test(req.headers['accept-encoding'] ?? '')) {
    body = zlib.gzipSync(body, { level: 1 })
    head['Content-Encoding'] = 'gzip'
  }
  head['Content-Length'] = body.length
  res.writeHead(status, head)
  res.end(req.method === 'HEAD' ? undefined : body)
}
const json = (req, res, status, value) => send(req, res, status, 'application/json; charset=utf-8', JSON.stringify(value))

function page(req, res) {
  const url = new URL(req.url, 'http://x')
  const q = url.searchParams
  const where = url.pathname
  if (where === '/__truth/requests') return json(req, res, 200, { cdn: cdnRequests })
  if (where === '/__truth') {
    const camera = q.get('camera') ?? '', date = q.get('date') ?? ''
    if (!CAMERAS.includes(camera) || !isDate(date)) return json(req, res, 400, { error: 'camera and date, please' })
    return json(req, res, 200, framesOfDay(camera, date).map(f => ({
      instant: utcIso(f.t) + 'Z', url: `${cdnOrigin}/${f.key}`, thumbnail: `${cdnOrigin}/${f.thumb}`
    })))
  }
  if (where === '/api/v1/live') {
    return json(req, res, 200, {
      ts: Date.now(), terminal: 'apm',
      cameras: CAMERAS.map(name => ({ name, keys: newest(name, 3).map(f => f.key) }))
    })
  }
  if (where === '/api/v1/objects') {
    const prefix = q.get('prefix') ?? ''
    const bad = apiError || apiErrorOnce
    apiErrorOnce = false
    const wait = (slow ? 4000 : 0) + (bad ? 120 : 300 + hash('wait', prefix) % 700)
    setTimeout(() => bad
      ? json(req, res, 500, { timestamp: new Date().toISOString(), status: 500, error: 'Internal Server Error', path: where })
      : json(req, res, 200, listing(prefix)), wait)
    return
  }
  if (where === '/env.js') return send(req, res, 200, 'application/javascript', `window.ENV = { CDN: ${JSON.stringify(cdnOrigin)} }\n`)
  if (where === '/static/app.js' && blank) return send(req, res, 200, 'application/javascript', '')
  const file = files[where]
  if (file) return send(req, res, 200, file[1], fs.readFileSync(file[0]))
  json(req, res, 404, { status: 404, error: 'Not Found', path: where })
}

function cdn(req, res) {
  cdnRequests++
  let key = ''
  try { key = decodeURIComponent(req.url.split('?')[0].slice(1)) } catch { /* stays unknown */ }
  const kind = exists(key)
  if (!kind) {
    res.writeHead(404, { 'Content-Type': 'application/xml' })
    return res.end('<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code></Error>')
  }
  const body = kind === 'full' ? FULL : THUMB
  res.writeHead(200, { 'Content-Type': 'image/jpeg', 'Content-Length': body.length, 'Cache-Control': 'public, max-age=86400' })
  res.end(req.method === 'HEAD' ? undefined : body)
}

function guard(handler) {
  return (req, res) => {
    try { handler(req, res) } catch (e) {
      console.error(e)
      if (!res.headersSent) res.writeHead(400)
      res.end()
    }
  }
}
const listen = server => new Promise(ok => server.listen(0, '127.0.0.1', () => ok(`http://127.0.0.1:${server.address().port}`)))
cdnOrigin = await listen(http.createServer(guard(cdn)))
const pageOrigin = await listen(http.createServer(guard(page)))
process.stdout.write(JSON.stringify({ page_url: `${pageOrigin}/terminal_cameras/apm`, image_url: `${cdnOrigin}/apm` }) + '\n')

process.stdin.on('end', () => process.exit(0))
process.stdin.on('error', () => process.exit(0))
process.stdin.resume()

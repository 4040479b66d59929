/* Dray Dog cameras. One file, no build step: templates are compiled in the browser. */
(() => {
  const { createApp, ref, shallowRef, reactive, computed, watch, nextTick, onMounted, onBeforeUnmount } = Vue;

  const ZONE = 'America/Los_Angeles';
  const ROW = 168, COLS = 4, SPARE = 1;

  // ------------------------------------------------------------------ wire
  // Every question goes to one address; the operation is named by a persisted-query id.
  const OPS = { Boot: 'b0', CamNow: 'c1', CamHistory: 'h7' };
  async function gql(operationName, variables) {
    const r = await fetch('/api/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ operationName, variables, extensions: { persistedQuery: { version: 1, id: OPS[operationName] } } }),
    });
    const j = await r.json();
    if (!r.ok || j.errors) throw new Error((j.errors && j.errors[0].message) || r.status);
    return j.data;
  }

  // ------------------------------------------------------------------ time
  const clocks = {};
  function wall(sec, timeZone) {
    const f = clocks[timeZone] || (clocks[timeZone] = new Intl.DateTimeFormat('en-US', {
      timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit',
      hour: '2-digit', minute: '2-digit', second: '2-digit' }));
    const o = {};
    for (const p of f.formatToParts(new Date(sec * 1000))) o[p.type] = p.value;
    return o;
  }
  const ymd = o => `${o.year}-${o.month}-${o.day}`;
  const today = () => ymd(wall(Date.now() / 1000, ZONE));
  const dayNo = s => Date.parse(s + 'T00:00:00Z') / 864e5;
  const dayName = n => new Date(n * 864e5).toISOString().slice(0, 10);

  // ------------------------------------------------------------------ addresses
  const site = reactive({ media: '', yard: '', clock: 'UTC', ext: [], epochNames: 0, since: '' });
  function shot(at, x, stream) {
    const o = wall(at, site.clock);
    const stem = at < site.epochNames ? String(at * 1000) : `${ymd(o)}T${o.hour}:${o.minute}:${o.second}`;
    const base = `${site.media}/${site.yard}/${ymd(o)}/${+o.hour}/${stem}-${stream}`;
    const l = wall(at, ZONE);
    return { at, full: `${base}.${site.ext[x]}`, small: `${base}-thumbnail.${site.ext[x]}`,
             day: ymd(l), label: `${l.hour}:${l.minute}:${l.second}`, dm: `${l.day}/${l.month}` };
  }
  const unpack = (c, stream) => c.at.map((at, i) => shot(at, +c.x[i], stream));

  // ------------------------------------------------------------------ day cache
  const kept = new Map();           // "stream day" -> {n, shots, end, born}
  async function day(stream, d) {
    const key = stream + ' ' + d, hit = kept.get(key);
    // The current day and the one before it still grow at their ends.
    if (hit && (d < dayName(dayNo(today()) - 1) || Date.now() - hit.born < 60e3)) return hit;
    const { h } = await gql('CamHistory', { s: stream, d: dayNo(d), after: null });
    const e = { n: h.n, shots: unpack(h, stream), end: h.end, born: Date.now() };
    kept.set(key, e);
    return e;
  }

  createApp({
    setup() {
      const ready = ref(false);
      const streams = [{ label: 'In gate', value: 'in_gate' }, { label: 'Out gate', value: 'out_gate' }];
      const asked = new URLSearchParams(location.search).get('streamName');
      const stream = ref(asked === 'out_gate' ? 'out_gate' : 'in_gate');
      const now = shallowRef([]);
      const picked = ref(today());

      const shown = shallowRef({ day: '', n: 0, shots: [], end: null });
      const busy = ref(false), more = ref(false), fault = ref('');
      const reel = ref(null), top = ref(0), tall = ref(560);
      let turn = 0, idle = 0, poll = 0;

      async function refreshNow() {
        try { now.value = unpack((await gql('CamNow', { s: stream.value })).now, stream.value); } catch {}
      }

      async function show(d) {
        const my = ++turn, s = stream.value;
        clearTimeout(idle);
        busy.value = true;
        try {
          await new Promise(r => setTimeout(r, 180));           // people click through days quickly
          if (my !== turn) return;
          const e = await day(s, d);
          if (my !== turn) return;
          fault.value = '';
          shown.value = { day: d, key: s + ' ' + d, ...e };
          top.value = 0;
          await nextTick();
          if (reel.value) reel.value.scrollTop = 0;
          idle = setTimeout(() => warm(s, d), 350);
        } catch (err) {
          if (my !== turn) return;
          fault.value = String(err.message);
        } finally {
          if (my === turn) { busy.value = false; more.value = false; reach(); }
        }
      }

      // Neighbouring days are fetched ahead, so that stepping through the calendar feels instant.
      async function warm(s, d) {
        for (const n of [dayNo(d) - 1, dayNo(d) + 1]) {
          const k = dayName(n);
          if (k < site.since || k > today()) continue;
          await day(s, k).catch(() => {});
        }
      }

      // Next leaf of the shown day once the reel is near its end.
      async function reach() {
        const v = shown.value;
        if (!v.end || more.value || busy.value || fault.value) return;
        if (top.value + tall.value < Math.ceil(v.shots.length / COLS) * ROW - ROW) return;
        more.value = true;
        const my = turn, s = stream.value;
        try {
          const { h } = await gql('CamHistory', { s, d: dayNo(v.day), after: v.end });
          const e = kept.get(v.key), grown = { n: h.n, shots: v.shots.concat(unpack(h, s)), end: h.end };
          if (e && e.end === v.end) Object.assign(e, grown);
          if (my !== turn) return;
          shown.value = { ...v, ...grown };
        } catch {
          await new Promise(r => setTimeout(r, 3000));
        }
        if (my !== turn) return;
        more.value = false;
        nextTick(reach);
      }

      function onScroll() {
        top.value = reel.value.scrollTop;
        tall.value = reel.value.clientHeight;
        reach();
      }

      const rows = computed(() => {
        const all = shown.value.shots, count = Math.ceil(all.length / COLS), out = [];
        const a = Math.max(0, Math.floor(top.value / ROW) - SPARE);
        const b = Math.min(count, Math.ceil((top.value + tall.value) / ROW) + SPARE);
        for (let i = a; i < b; i++) out.push({ i, cells: all.slice(i * COLS, i * COLS + COLS) });
        return out;
      });
      const rail = computed(() => Math.ceil(shown.value.shots.length / COLS) * ROW);

      watch(picked, show);
      watch(stream, s => {
        history.pushState(null, '', '?streamName=' + s);
        now.value = [];
        refreshNow();
        show(picked.value);
      });

      onMounted(async () => {
        Object.assign(site, (await gql('Boot', { yard: location.pathname.split('/')[2] })).site);
        ready.value = true;
        refreshNow();
        poll = setInterval(refreshNow, 45e3);
        show(picked.value);
      });
      onBeforeUnmount(() => clearInterval(poll));

      const closed = t => {
        const p = n => String(n).padStart(2, '0');
        const s = `${t.getFullYear()}-${p(t.getMonth() + 1)}-${p(t.getDate())}`;
        return s > today() || s < site.since;
      };
      const asDate = s => { const [y, m, d] = s.split('-').map(Number); return new Date(y, m - 1, d); };
      const shortcuts = [
        { text: 'Hoy', value: () => asDate(today()) },
        { text: 'Ayer', value: () => asDate(dayName(dayNo(today()) - 1)) },
      ];

      return { ready, streams, stream, now, picked, shown, busy, more, fault, reel, rows, rail, onScroll,
               closed, shortcuts, again: () => show(picked.value), es: ElementPlusLocaleEs, ROW };
    },
    template: `
<el-config-provider :locale="es">
  <div class="bar"><b>DRAY DOG</b><span>APM Terminals · Pier 400</span>
    <el-segmented v-model="stream" :options="streams" size="small" /></div>
  <main class="wrap" v-if="ready">
    <section class="board">
      <header><h2>Live <small>En vivo</small></h2><el-tag type="success" effect="dark" round size="small">{{ stream }}</el-tag></header>
      <div class="wall">
        <el-image v-for="p in now" :key="p.at" :src="p.full" fit="cover" :alt="p.label" />
      </div>
    </section>

    <section class="board" id="camera-history">
      <header>
        <h2>History <small>Historial</small></h2>
        <div class="pick">
          <span class="tally" v-if="shown.day && !fault">{{ shown.n }} imágenes</span>
          <el-date-picker v-model="picked" type="date" placeholder="Pick a day" format="DD/MM/YYYY" value-format="YYYY-MM-DD"
            :editable="false" :clearable="false" :teleported="false" placement="bottom-end"
            :disabled-date="closed" :shortcuts="shortcuts" />
        </div>
      </header>
      <div class="sweep"><el-progress v-if="busy" :percentage="40" indeterminate :duration="1" :show-text="false" :stroke-width="3" /></div>

      <el-result v-if="fault" icon="error" title="No se pudo cargar el historial" :sub-title="fault">
        <template #extra><el-button type="primary" @click="again">Reintentar</el-button></template>
      </el-result>
      <el-empty v-else-if="shown.day && !shown.n" description="No hay imágenes de este día" />
      <div v-else-if="shown.day" class="reel" ref="reel" tabindex="0" @scroll.passive="onScroll">
        <div class="reel-rail" :style="{ height: rail + 'px' }">
          <div v-for="r in rows" :key="shown.day + r.i" class="reel-row" :style="{ transform: 'translateY(' + r.i * ROW + 'px)' }">
            <figure v-for="p in r.cells" :key="p.at" class="shot" :class="{ other: p.day !== shown.day }">
              <el-image :src="p.small" fit="cover" :data-at="p.at" :preview-src-list="[p.full]" preview-teleported hide-on-click-modal />
              <figcaption>{{ p.day === shown.day ? '' : p.dm + ' ' }}{{ p.label }}</figcaption>
            </figure>
          </div>
        </div>
        <div class="tail">{{ shown.end ? 'Cargando…' : '— fin —' }}</div>
      </div>
      <el-skeleton v-else :rows="6" animated />
    </section>
  </main>
</el-config-provider>`,
  }).use(ElementPlus).mount('#app');
})();

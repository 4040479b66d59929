/* Ferrywell gate view. No build step: Vue and Element Plus come as globals. */
const { createApp, ref, reactive, computed, onMounted, nextTick } = Vue;

// ---- time: everything on screen is yard time, everything on the wire is UTC hours
const HOUR = 3600e3;
const fmt = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Los_Angeles', hourCycle: 'h23',
  year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', timeZoneName: 'short' });
const yard = (t) => {
  const p = Object.fromEntries(fmt.formatToParts(t).map((x) => [x.type, x.value]));
  return { date: `${p.year}-${p.month}-${p.day}`, hour: +p.hour, zone: p.timeZoneName };
};
const hoursOf = (date) => {
  const list = [];
  const base = Date.parse(date + 'T00:00:00Z');
  for (let h = 6; h < 34; h++) if (yard(base + h * HOUR).date === date) list.push(base + h * HOUR);
  return list;
};
const shift = (date, n) => new Date(Date.parse(date + 'T12:00:00Z') + n * 86400e3).toISOString().slice(0, 10);
const pretty = (date, opt) => new Date(date + 'T12:00:00Z').toLocaleDateString('en-US', { timeZone: 'UTC', ...opt });
const clock = (h) => `${h % 12 || 12} ${h < 12 ? 'AM' : 'PM'}`;
const thumb = (url) => url.replace(/(\.jpe?g)$/, '-thumbnail$1');
const stampOf = (t) => new Date(t).toISOString().slice(0, 13) + 'Z'; // 2025-09-07T17Z

async function getJson(url, signal) {
  const res = await fetch(url, { signal });
  if (!res.ok) throw new Error(`${res.status} for ${url}`);
  return res.json();
}

// Hours that are over never change, so keep them: flicking between dates and gates feels instant.
const closedHours = new Map();
async function loadHour(gate, t, signal) {
  const key = `/api/gates/${gate}/hours/${stampOf(t)}`;
  if (closedHours.has(key)) return closedHours.get(key);
  const body = await getJson(key, signal);
  if (t + HOUR + 5 * 60e3 < Date.now()) closedHours.set(key, body);
  return body;
}

const App = {
  setup() {
    const conf = reactive({ cdn: '', gates: [], firstDate: '2024-01-01' });
    const asked = new URLSearchParams(location.search).get('streamName');
    const gate = ref(asked === 'out_gate' ? 'out_gate' : 'in_gate');
    const other = computed(() => (gate.value === 'in_gate' ? 'out_gate' : 'in_gate'));
    const gateName = (id) => conf.gates.find((g) => g.value === id)?.label || '';

    // ---- right now
    const now = ref([]);
    const meanwhile = ref(null);
    let nowTimer = 0;
    const place = (dir, file) => `${conf.cdn}/${dir}/${file}`;
    const ago = (at) => {
      const min = Math.max(0, Math.round((Date.now() - Date.parse(at)) / 60e3));
      return min < 1 ? 'just now' : min < 90 ? `${min} min ago` : `${Math.round(min / 60)} hours ago`;
    };
    async function refreshNow() {
      clearTimeout(nowTimer);
      let wait = 60;
      try {
        const g = gate.value;
        const [mine, theirs] = await Promise.all([g, other.value].map((x) => getJson(`/api/gates/${x}/now`)));
        if (g !== gate.value) return;
        now.value = mine.newest.map((s) => ({ ...s, url: place(s.dir, s.file), ago: ago(s.at) }));
        meanwhile.value = theirs.newest.slice(0, 1).map((s) => ({ ...s, url: place(s.dir, s.file), ago: ago(s.at) }))[0];
        wait = mine.checkAgainSec;
      } catch { /* the old pictures stay, we try again in a minute */ }
      nowTimer = setTimeout(refreshNow, wait * 1000);
    }

    // ---- look back
    const today = () => yard(Date.now()).date;
    const date = ref(today());
    const rows = ref([]);
    const expandAll = ref(false);
    const busy = ref(true); // between a pick and its first answer
    let run = 0;
    let abort = null;

    function makeRow(t, evening, twice) {
      const y = yard(t);
      let label = clock(y.hour) + (twice ? ` ${y.zone}` : '');
      if (evening) label += ` – the evening before (${pretty(y.date, { weekday: 'short', month: 'short', day: 'numeric' })})`;
      return reactive({ t, label, evening, state: 'wait', shots: [], seen: false, open: false, hour: y.hour });
    }
    async function fill(row, mine, signal, onAnswer) {
      row.state = 'wait';
      try {
        const body = await loadHour(gate.value, row.t, signal);
        if (mine !== run) return;
        row.shots = body.shots.map((s) => {
          const url = place(body.dir, s.file);
          return { url, small: thumb(url), mmss: s.mmss,
            said: `${row.hour % 12 || 12}:${s.mmss.slice(0, 2)} ${row.hour < 12 ? 'AM' : 'PM'}` };
        }).reverse();
        row.state = 'ok';
      } catch (e) {
        if (e.name === 'AbortError' || mine !== run) return;
        row.state = 'failed';
      }
      onAnswer();
    }
    function lookBack() {
      abort?.abort();
      abort = new AbortController();
      const mine = ++run;
      busy.value = true;
      const hours = hoursOf(date.value).filter((t) => t < Date.now());
      const seenHours = hours.map((t) => yard(t).hour);
      const fresh = hours.map((t, i) => makeRow(t, false, seenHours.filter((h) => h === seenHours[i]).length > 1));
      if (hours.length) fresh.unshift(makeRow(hours[0] - HOUR, true));
      fresh.reverse(); // newest first
      // swap when the first hour is in, an empty list for half a second looks broken
      let swapped = false;
      const onAnswer = () => {
        if (swapped || mine !== run) return;
        swapped = true;
        busy.value = false;
        rows.value = fresh;
        nextTick(watchRows);
      };
      fresh.forEach((row) => fill(row, mine, abort.signal, onAnswer));
    }
    function retry() {
      rows.value.filter((r) => r.state === 'failed').forEach((r) => fill(r, run, abort.signal, () => {}));
    }

    const own = computed(() => rows.value.filter((r) => !r.evening));
    const pending = computed(() => rows.value.filter((r) => r.state === 'wait').length);
    const failed = computed(() => rows.value.filter((r) => r.state === 'failed').length);
    const total = computed(() => own.value.reduce((n, r) => n + r.shots.length, 0));
    const nothing = computed(() => rows.value.length > 0 && !pending.value && !failed.value && !total.value);
    const shownRows = computed(() => rows.value.filter((r) => !r.evening || r.state !== 'ok' || r.shots.length));
    const tiles = (row) => (row.open || expandAll.value || row.shots.length <= 4 ? row.shots : row.shots.slice(0, 3));

    // pictures are only fetched for hours that come near the screen
    const io = new IntersectionObserver((hits) => hits.forEach((h) => {
      if (!h.isIntersecting) return;
      const row = rows.value.find((r) => String(r.t) === h.target.dataset.t);
      if (row) row.seen = true;
      io.unobserve(h.target);
    }), { rootMargin: '240px' });
    const watchRows = () => { io.disconnect(); document.querySelectorAll('[data-t]').forEach((el) => io.observe(el)); };

    function useGate(id) {
      gate.value = id;
      history.replaceState(null, '', `?streamName=${id}${location.hash}`);
      refreshNow();
      lookBack();
    }
    const step = (n) => { date.value = shift(date.value, n); lookBack(); };
    const offLimits = (d) => {
      const s = `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`;
      return s < conf.firstDate || s > today();
    };

    // ---- big picture
    const zoom = ref(null);
    function enlarge(shot) {
      const urls = shownRows.value.flatMap((r) => r.shots.map((s) => s.url));
      zoom.value = { urls, at: urls.indexOf(shot.url) };
    }

    onMounted(async () => {
      Object.assign(conf, await getJson('/api/settings'));
      refreshNow();
      lookBack();
      document.addEventListener('visibilitychange', () => document.hidden || refreshNow());
    });

    return { conf, gate, other, gateName, now, meanwhile, refreshNow, date, busy, rows, shownRows, expandAll, pending, failed,
      total, nothing, tiles, retry, lookBack, useGate, step, offLimits, zoom, enlarge, thumb, pretty, today };
  },
  template: `
  <header class="bar">
    <strong>Ferrywell <span class="muted">Pier 400 gate view</span></strong>
    <el-segmented :model-value="gate" :options="conf.gates" @change="useGate" />
  </header>
  <main>
    <section aria-label="Right now">
      <h2>Right now <el-button link type="primary" @click="refreshNow">Refresh</el-button></h2>
      <div class="now">
        <figure v-for="s in now" :key="s.url"><img :src="s.url" :alt="gateName(gate)"><figcaption>{{ s.ago }}</figcaption></figure>
        <button v-if="meanwhile" class="other" @click="useGate(other)">
          <img :src="thumb(meanwhile.url)" alt=""> Meanwhile, {{ gateName(other).toLowerCase() }} · {{ meanwhile.ago }}
        </button>
      </div>
    </section>
    <section id="camera-history" aria-label="Look back">
      <h2>Look back <span class="muted">{{ pretty(date, { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' }) }}
        <template v-if="busy"> · looking…</template>
        <template v-else-if="pending"> · {{ rows.length - pending }} of {{ rows.length }} hours in</template>
        <template v-else-if="total"> · {{ total }} shots</template></span></h2>
      <div class="tools">
        <el-button :disabled="date <= conf.firstDate" @click="step(-1)">‹ Earlier</el-button>
        <el-date-picker v-model="date" type="date" placeholder="Go to date" value-format="YYYY-MM-DD" format="ddd, MMM D, YYYY"
          :clearable="false" :editable="false" :disabled-date="offLimits" @change="lookBack" />
        <el-button :disabled="date >= today()" @click="step(1)">Later ›</el-button>
        <span class="grow"></span>
        <el-switch v-model="expandAll" active-text="Every shot" inactive-text="Highlights" />
      </div>
      <el-alert v-if="failed && failed === rows.length" type="error" :closable="false" title="The photo archive can't be reached at the moment." >
        <el-button size="small" @click="retry">Try again</el-button></el-alert>
      <el-alert v-else-if="failed" type="warning" :closable="false" :title="failed + (failed > 1 ? ' hours' : ' hour') + ' did not come through.'">
        <el-button size="small" @click="retry">Try again</el-button></el-alert>
      <el-empty v-if="nothing" description="Nothing was recorded on this date." />
      <el-timeline v-else>
        <el-timeline-item v-for="row in shownRows" :key="row.t" :timestamp="row.label" placement="top" :class="{ eve: row.evening }">
          <div class="strip" :data-t="row.t">
            <el-skeleton v-if="row.state === 'wait'">
              <template #template><div class="bones"><el-skeleton-item v-for="n in 4" :key="n" variant="image" /></div></template>
            </el-skeleton>
            <span v-else-if="row.state === 'failed'" class="muted">This hour did not load.</span>
            <span v-else-if="!row.shots.length" class="muted">No shots in this hour.</span>
            <template v-else>
              <button v-for="s in tiles(row)" :key="s.url" class="tile" :aria-label="gateName(gate) + ' ' + s.said" @click="enlarge(s)"
                :style="row.seen ? { backgroundImage: 'url(' + s.small + ')' } : null"><span>{{ s.said }}</span></button>
              <button v-if="tiles(row).length < row.shots.length" class="tile more" @click="row.open = true">
                +{{ row.shots.length - tiles(row).length }} more</button>
            </template>
          </div>
        </el-timeline-item>
      </el-timeline>
    </section>
  </main>
  <el-image-viewer v-if="zoom" :url-list="zoom.urls" :initial-index="zoom.at" teleported hide-on-click-modal @close="zoom = null" />`,
};
createApp(App).use(ElementPlus).mount('#app');

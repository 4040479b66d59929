/* Gate cameras: live view and paginated snapshots of one camera. */
(() => {
  'use strict';
  const { createApp, ref, computed, onMounted, onBeforeUnmount } = Vue;

  const ZONE = 'America/Los_Angeles';
  const PER_PAGE = 24;
  const POLL_MS = 30_000;
  const FIRST_DAY = '20240101';
  const HOST = document.querySelector('meta[name="img-host"]').content;
  const MODES = document.querySelector('meta[name="modes"]').content.split(' ');
  const CAMERAS = { in_gate: 'In gate', out_gate: 'Out gate' };
  const asked = new URLSearchParams(location.search).get('streamName');
  const camera = asked in CAMERAS ? asked : 'in_gate';

  // ---- days are strings YYYYMMDD throughout, so that the browser's own zone never matters ----
  const zoned = (options) => new Intl.DateTimeFormat('en-US', { timeZone: ZONE, ...options });
  const dayParts = zoned({ year: 'numeric', month: '2-digit', day: '2-digit' });
  const today = () => {
    const p = Object.fromEntries(dayParts.formatToParts(new Date()).map((x) => [x.type, x.value]));
    return p.year + p.month + p.day;
  };
  const asUTC = (day) => new Date(Date.UTC(+day.slice(0, 4), +day.slice(4, 6) - 1, +day.slice(6)));
  const shift = (day, by) => {
    const d = asUTC(day);
    d.setUTCDate(d.getUTCDate() + by);
    return d.toISOString().slice(0, 10).replaceAll('-', '');
  };
  const longDay = (day) => asUTC(day).toLocaleDateString('en-US',
    { timeZone: 'UTC', weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' });
  const shortDay = (day) => `${day.slice(4, 6)}/${day.slice(6)}/${day.slice(0, 4)}`;

  // ---- requests: one channel has one request under way, a newer one cancels the older ----
  function channel() {
    let current = null;
    const ask = async (query) => {
      if (worker) return byWorker(query);
      current?.abort();
      const mine = (current = new AbortController());
      const timer = setTimeout(() => mine.abort('timeout'), 20_000);
      try {
        const res = await fetch(`/svc/cams/snaps?${new URLSearchParams(query)}`,
          { signal: mine.signal, headers: { accept: 'application/json' } });
        if (!res.ok) throw new Error(`HTTP ${res.status}`);
        return await res.json();
      } finally {
        clearTimeout(timer);
      }
    };
    ask.cancel = () => current?.abort();
    return ask;
  }
  // Behaviour `worker`: requests are made by a worker.
  const worker = MODES.includes('worker') ? new Worker('/assets/worker.js') : null;
  const waiting = new Map();
  if (worker) {
    worker.onmessage = ({ data: { turn, answer, error } }) => {
      const { done, failed } = waiting.get(turn);
      waiting.delete(turn);
      if (error) failed(new Error(error)); else done(answer);
    };
  }
  function byWorker(query) {
    return new Promise((done, failed) => {
      const turn = waiting.size + Math.random();
      waiting.set(turn, { done, failed });
      worker.postMessage({ turn, address: `${location.origin}/svc/cams/snaps?${new URLSearchParams(query)}` });
    });
  }
  /** Cancelled in favour of a newer request (as opposed to failed or timed out): nothing to tell the visitor. */
  const superseded = (error) => error?.name === 'AbortError';

  // ---- answer -> pictures. {d: day, o: offset, n: total, z: zone of folders, g: [{p: folder, f: [names]}]} ----
  const hourIn = { UTC: (d) => d.getUTCHours(), PT: (d) => +zoned({ hour: 'numeric', hourCycle: 'h23' }).format(d) };
  const stampIn = (timeZone) => new Intl.DateTimeFormat('en-US', { timeZone, month: '2-digit', day: '2-digit', year: 'numeric',
    hour: 'numeric', minute: '2-digit', second: '2-digit' });
  const stampPT = stampIn(ZONE), stampAsIs = stampIn('UTC');
  function picture(folder, name, zone) {
    const old = /^(\d{13})-/.exec(name); // names of the former recorder: milliseconds
    const at = old ? new Date(+old[1]) : new Date(`${name.slice(0, 19)}Z`);
    const hour = old ? hourIn[zone](at) : +name.slice(11, 13);
    const full = `${HOST}/${folder}/${hour}/${name}`;
    return {
      name, full, thumb: full.replace(/(\.\w+)$/, '-thumbnail$1'),
      label: (old || zone === 'UTC' ? stampPT : stampAsIs).format(at),
    };
  }
  const unpack = (a) => a.g.flatMap(({ p, f }) => f.map((name) => picture(p, name, a.z)));

  const Snap = {
    props: { pic: Object, large: Boolean },
    template: `
      <figure class="snap">
        <el-image :src="large ? pic.full : pic.thumb" :lazy="!large" fit="cover" :alt="pic.label"
                  :preview-src-list="[pic.full]" preview-teleported hide-on-click-modal></el-image>
        <figcaption>{{ pic.label }}</figcaption>
      </figure>`,
  };

  const App = {
    components: { Snap },
    setup() {
      // live view: polls the first page of today's list and keeps its head
      const live = ref([]), liveState = ref('wait'), now = ref(today());
      const askLive = channel();
      async function poll() {
        now.value = today();
        try {
          const a = await askLive({ t: 'apm', c: camera, day: now.value, offset: 0, limit: PER_PAGE, rt: 1 });
          live.value = unpack(a).slice(0, 2);
          liveState.value = live.value.length ? 'ok' : 'none';
        } catch (error) {
          if (!superseded(error) && !live.value.length) liveState.value = 'down';
        }
      }

      // snapshots: `picked` is what the visitor wants, `shown` is what has arrived (until then the former stays)
      const picked = ref(now.value), page = ref(1), shown = ref(null), busy = ref(false), failed = ref(false);
      const askPage = channel();
      const section = ref(null);
      let turn = 0;
      async function load() {
        const mine = ++turn;
        if (!picked.value) { // the clear icon
          askPage.cancel();
          shown.value = null;
          busy.value = failed.value = false;
          return;
        }
        busy.value = true;
        try {
          const a = await askPage({ t: 'apm', c: camera, day: picked.value, offset: (page.value - 1) * PER_PAGE, limit: PER_PAGE });
          if (mine !== turn) return;
          shown.value = { day: a.d, from: a.o, total: a.n, pics: unpack(a) };
          failed.value = false;
        } catch (error) {
          if (mine !== turn || superseded(error)) return;
          shown.value = null;
          failed.value = true;
        } finally {
          if (mine === turn) busy.value = false;
        }
      }
      function pick(day) {
        picked.value = day || null;
        page.value = 1;
        if (MODES.includes('deaf') && day) return; // the request is lost: the list stays where it was
        load();
      }
      function turnTo(number) {
        if (number === page.value) return;
        page.value = number;
        load();
        section.value?.scrollIntoView();
      }
      // the calendar hands out dates in the browser's zone; only their calendar fields count
      const offLimits = (d) => {
        const day = `${d.getFullYear()}${String(d.getMonth() + 1).padStart(2, '0')}${String(d.getDate()).padStart(2, '0')}`;
        return day < FIRST_DAY || day > now.value;
      };

      let timer;
      onMounted(() => { load(); poll(); timer = setInterval(poll, POLL_MS); });
      onBeforeUnmount(() => { clearInterval(timer); askLive.cancel(); askPage.cancel(); });

      return {
        cameras: CAMERAS, camera, live, liveState, picked, page, shown, busy, failed, section, perPage: PER_PAGE,
        load, pick, turnTo, offLimits, longDay, shortDay,
        step: (by) => pick(shift(picked.value, by)),
        canPrev: computed(() => picked.value && picked.value > FIRST_DAY),
        canNext: computed(() => picked.value && picked.value < now.value),
      };
    },
    template: `
      <header class="topbar">
        <strong>APM Terminals Pier 400</strong>
        <a v-for="(title, id) in cameras" :key="id" :href="'?streamName=' + id" :class="{ here: id === camera }">{{ title }}</a>
      </header>

      <section class="block">
        <h2>Right now: {{ cameras[camera] }}</h2>
        <div v-if="liveState === 'ok'" class="now"><snap v-for="p in live" :key="p.name" :pic="p" large></snap></div>
        <p v-else class="hint">{{ { wait: 'Connecting to the camera…', none: 'The camera has sent nothing yet today.',
                                    down: 'The live view is not available at the moment.' }[liveState] }}</p>
      </section>

      <section class="block" id="camera-history" ref="section">
        <h2>Earlier snapshots</h2>
        <div class="tools">
          <el-button :disabled="!canPrev" @click="step(-1)">‹ Previous day</el-button>
          <el-date-picker :model-value="picked" @update:model-value="pick" type="date" format="MM/DD/YYYY" value-format="YYYYMMDD"
                          placeholder="MM/DD/YYYY" :disabled-date="offLimits" clearable editable aria-label="Date"></el-date-picker>
          <el-button :disabled="!canNext" @click="step(1)">Next day ›</el-button>
          <el-button text :disabled="!picked" @click="load">Refresh</el-button>
        </div>

        <div v-if="failed" class="hint">
          <p>Sorry, the snapshots could not be loaded.</p>
          <el-button type="primary" :loading="busy" @click="load">Try again</el-button>
        </div>
        <p v-else-if="!picked" class="hint">Choose a date to look through its snapshots.</p>
        <p v-else-if="!shown" class="hint">Fetching snapshots…</p>
        <el-empty v-else-if="!shown.total" :image-size="90"
                  :description="'This camera recorded nothing on ' + shortDay(shown.day) + '.'"></el-empty>
        <template v-else>
          <p class="whichday">{{ longDay(shown.day) }}
            <small>{{ shown.from + 1 }}–{{ shown.from + shown.pics.length }} of {{ shown.total }}, newest first, Pacific time</small>
          </p>
          <div class="sheet"><snap v-for="p in shown.pics" :key="p.name" :pic="p"></snap></div>
          <div class="pager">
            <el-pagination background layout="prev, pager, next" :pager-count="5" :page-size="perPage" :total="shown.total"
                           :current-page="page" @current-change="turnTo"></el-pagination>
          </div>
        </template>
      </section>`,
  };

  createApp(App).use(ElementPlus).mount('#root');
})();

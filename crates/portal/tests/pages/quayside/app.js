/* Quayside front end: Vue 3 + Element Plus, no build step. */
(() => {
  'use strict';
  const { createApp, ref, shallowRef, computed, onMounted, onBeforeUnmount, nextTick, watch } = Vue;
  const env = window.__QS_ENV__;
  const TERMINAL = 'America/Los_Angeles';
  const PAGE = 32;
  const stream = new URLSearchParams(location.search).get('streamName') === 'out_gate' ? 'out_gate' : 'in_gate';
  const CAMERAS = [{ slug: 'in_gate', label: 'Einfahrt' }, { slug: 'out_gate', label: 'Ausfahrt' }];

  // German calendars start on Monday. The UMD build keeps its dayjs to itself, but parseDate hands out an instance.
  ElementPlus.parseDate('2024-01-01', 'YYYY-MM-DD', 'en', false).$locale().weekStart = 1;

  // ------------------------------------------------------------------ HTTP (what is left of our axios wrapper)
  const http = {
    post(url, data, { signal } = {}) {
      return new Promise((resolve, reject) => {
        const xhr = new XMLHttpRequest();
        xhr.open('POST', url, true);
        xhr.responseType = 'json';
        xhr.timeout = 20000;
        xhr.setRequestHeader('Accept', 'application/json, text/plain, */*');
        xhr.setRequestHeader('Content-Type', 'application/json');
        xhr.onload = () => {
          const response = { status: xhr.status, data: xhr.response };
          if (xhr.status >= 200 && xhr.status < 300) resolve(response);
          else reject(Object.assign(new Error(`HTTP ${xhr.status}`), { response }));
        };
        xhr.onerror = () => reject(new Error('network'));
        xhr.ontimeout = () => reject(new Error('timeout'));
        xhr.onabort = () => reject(Object.assign(new Error('canceled'), { canceled: true }));
        signal?.addEventListener('abort', () => xhr.abort());
        xhr.send(JSON.stringify(data));
      });
    },
  };
  const FRAME = 'fragment F on Frame { __typename takenAt fileKey }';
  const QUERIES = {
    LiveFrames: `query LiveFrames($stream: Stream!) { terminal(code: APM) { code camera(stream: $stream) { slug live { ...F } } } } ${FRAME}`,
    ArchiveDay: `query ArchiveDay($stream: Stream!, $day: Date!, $first: Int!, $after: String) { terminal(code: APM) { code camera(stream: $stream) { slug archive(day: $day, first: $first, after: $after) { __typename day dayCount totalCount pageInfo { hasNextPage endCursor } edges { cursor node { ...F } } } } } } ${FRAME}`,
  };
  async function gql(operationName, variables, config) {
    const { data } = await http.post('/api/graphql', { operationName, variables, query: QUERIES[operationName] }, config);
    if (!data || data.errors) throw new Error(data?.errors?.[0]?.message ?? 'empty answer');
    return data.data.terminal.camera;
  }

  // ------------------------------------------------------------------ time and addresses
  const formats = {};
  function clock(t, timeZone) {
    formats[timeZone] ??= new Intl.DateTimeFormat('en-US', {
      timeZone, hourCycle: 'h23', timeZoneName: 'short',
      year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
    });
    const p = {};
    for (const { type, value } of formats[timeZone].formatToParts(t * 1000)) p[type] = value;
    return { day: `${p.year}-${p.month}-${p.day}`, hour: p.hour, time: `${p.hour}:${p.minute}:${p.second}`, zone: p.timeZoneName };
  }
  const today = () => clock(Date.now() / 1000, TERMINAL).day;
  const german = (day) => day.split('-').reverse().join('.');
  const weekday = (day, style) => new Intl.DateTimeFormat('de-DE', { weekday: style, timeZone: 'UTC' }).format(new Date(`${day}T12:00:00Z`));

  /** The API names frames by epoch second; where the file lies is worked out here. Keys of generation a1 are millisecond files. */
  function toShot(node) {
    const at = clock(node.takenAt, env.mediaClock);
    const local = clock(node.takenAt, TERMINAL);
    const name = node.fileKey.startsWith('a1.') ? String(node.takenAt * 1000) : `${at.day}T${at.time}`;
    const base = `${env.media}/${at.day}/${Number(at.hour)}/${name}-${stream}`;
    return { key: node.fileKey, t: node.takenAt, local, full: `${base}.jpeg`, thumb: `${base}-thumbnail.jpeg` };
  }

  // ------------------------------------------------------------------ one picture, the same for live and archive
  const QsShot = {
    props: { shot: Object, src: String, lazy: Boolean, withDate: Boolean },
    setup: (props) => ({
      caption: computed(() => `${props.withDate ? `${german(props.shot.local.day)}, ` : ''}${props.shot.local.time} Uhr`),
    }),
    template: `
      <figure class="qs-shot">
        <el-image :src="src" :lazy="lazy" fit="cover" :alt="'Kamerabild ' + caption" :preview-src-list="[shot.full]" preview-teleported hide-on-click-modal>
          <template #error><span class="qs-hint">Bild nicht verfügbar</span></template>
        </el-image>
        <figcaption>{{ caption }}</figcaption>
      </figure>`,
  };

  // ------------------------------------------------------------------ live strip
  const QsLive = {
    components: { QsShot },
    setup() {
      const shots = ref([]);
      const refresh = () => gql('LiveFrames', { stream: stream.toUpperCase() }).then((c) => { shots.value = c.live.map(toShot); }, () => {});
      let timer;
      onMounted(() => { refresh(); timer = setInterval(refresh, 60000); });
      onBeforeUnmount(() => clearInterval(timer));
      return { shots };
    },
    template: `
      <section class="qs-panel"><h2>Aktuelle Bilder</h2>
        <div class="qs-strip"><qs-shot v-for="s in shots" :key="s.key" :shot="s" :src="s.full" with-date /></div>
      </section>`,
  };

  // ------------------------------------------------------------------ archive
  const QsArchive = {
    components: { QsShot },
    setup() {
      const picked = ref(today());
      const shown = shallowRef(null); // what the list below belongs to: changes only when an answer has arrived
      const shots = shallowRef([]);
      const open = ref([]);
      const busy = ref(false), busyMore = ref(false), failed = ref('');
      let debounce, inFlight;

      async function fetchPage(day, after) {
        inFlight?.abort();
        const mine = (inFlight = new AbortController());
        (after ? busyMore : busy).value = true;
        failed.value = '';
        try {
          const { archive } = await gql('ArchiveDay', { stream: stream.toUpperCase(), day, first: PAGE, after }, { signal: mine.signal });
          const page = archive.edges.map((e) => toShot(e.node));
          shots.value = after ? shots.value.concat(page) : page;
          shown.value = { day: archive.day, dayCount: archive.dayCount, total: archive.totalCount, ...archive.pageInfo };
          if (!after) { // only the newest hour is open at first; open groups stay open when earlier ones are added
            await nextTick();
            open.value = hours.value.slice(0, 1).map((h) => h.id);
          }
        } catch (e) {
          if (e.canceled) return;
          failed.value = after ? 'more' : 'day';
          if (!after) { shots.value = []; shown.value = null; open.value = []; }
        } finally {
          if (inFlight === mine) busy.value = busyMore.value = false;
        }
      }
      // People click through the calendar; wait a moment before asking. Until the answer is there the old list stays.
      const pick = () => { clearTimeout(debounce); debounce = setTimeout(() => fetchPage(picked.value, null), 350); };
      const goToday = () => { picked.value = today(); pick(); };
      const more = () => !busy.value && fetchPage(shown.value.day, shown.value.endCursor);
      const retry = () => (failed.value === 'more' ? more() : fetchPage(picked.value, null));
      onMounted(() => fetchPage(picked.value, null));
      onBeforeUnmount(() => { clearTimeout(debounce); inFlight?.abort(); });

      // Grouped by real hour, not by wall-clock hour: the day of the clock change in autumn has two groups for 01 Uhr.
      const hours = computed(() => {
        const groups = new Map();
        for (const s of shots.value) {
          const id = `h${Math.floor(s.t / 3600)}`;
          if (!groups.has(id)) {
            const d = s.local.day;
            groups.set(id, {
              id, shots: [], label: `${weekday(d, 'short')}, ${german(d).slice(0, 6)} · ${s.local.hour} Uhr (${s.local.zone})`,
              tag: d < shown.value?.day ? 'Vortag' : d > shown.value?.day ? 'Folgetag' : '',
            });
          }
          groups.get(id).shots.push(s);
        }
        return [...groups.values()];
      });
      // Pictures are mounted only when their group has finished opening: el-image (2.14) looks at the first entry of a batch of
      // intersections alone, and within the opening animation that one says 'not visible', so the picture never came.
      const drawn = ref([]);
      watch(open, (ids) => {
        drawn.value = drawn.value.filter((id) => ids.includes(id));
        setTimeout(() => { drawn.value = ids.filter((id) => open.value.includes(id)).concat(drawn.value.filter((id) => !ids.includes(id))); }, 400);
      });
      const title = computed(() => (shown.value ? `${weekday(shown.value.day, 'long')}, ${german(shown.value.day)}` : ''));
      const pad = (n) => String(n).padStart(2, '0');
      const notOffered = (d) => { // the calendar's cells are days of the visitor's zone; only their numbers count
        const day = `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
        return day < env.firstDay || day > today();
      };
      return { picked, shown, shots, open, drawn, busy, busyMore, failed, pick, goToday, more, retry, hours, title, notOffered };
    },
    template: `
      <section class="qs-panel" id="camera-history"><h2>Archiv</h2>
        <div class="qs-tools">
          <el-date-picker v-model="picked" type="date" class="qs-day" popper-class="qs-calendar" placeholder="Tag wählen" format="DD.MM.YYYY"
            value-format="YYYY-MM-DD" :editable="false" :clearable="false" :teleported="false" placement="bottom-start"
            :disabled-date="notOffered" @change="pick" />
          <el-button round @click="goToday">Heute</el-button>
          <span v-if="busy" class="qs-hint" role="status">wird aktualisiert …</span>
        </div>
        <el-alert v-if="failed === 'day'" type="error" :closable="false" title="Das Archiv konnte nicht geladen werden.">
          <el-button size="small" @click="retry">Erneut versuchen</el-button>
        </el-alert>
        <template v-if="shown">
          <p class="qs-dayline">Aufnahmen vom <b>{{ title }}</b> <span class="qs-hint">(Ortszeit Los Angeles, neueste zuerst)</span></p>
          <el-empty v-if="shown.dayCount === 0" :image-size="80" :description="'Für ' + title + ' liegen keine Aufnahmen vor.'" />
          <el-collapse v-model="open">
            <el-collapse-item v-for="h in hours" :key="h.id" :name="h.id">
              <template #title><span class="qs-hour">{{ h.label }} <span class="qs-hint">{{ h.shots.length }} {{ h.shots.length === 1 ? 'Bild' : 'Bilder' }}</span>
                <el-tag v-if="h.tag" size="small" type="info">{{ h.tag }}</el-tag></span></template>
              <div v-if="drawn.includes(h.id)" class="qs-grid"><qs-shot v-for="s in h.shots" :key="s.key" :shot="s" :src="s.thumb" lazy /></div>
              <p v-else-if="open.includes(h.id)" class="qs-hint">Bilder werden geladen …</p>
            </el-collapse-item>
          </el-collapse>
          <div class="qs-more">
            <p v-if="failed === 'more'">Weitere Aufnahmen konnten nicht geladen werden. <el-button size="small" @click="retry">Erneut versuchen</el-button></p>
            <el-button v-else-if="shown.hasNextPage" :loading="busyMore" :disabled="busy" @click="more">Frühere Aufnahmen laden</el-button>
            <p v-if="shots.length" class="qs-hint">{{ shots.length }} von {{ shown.total }} Bildern geladen</p>
          </div>
        </template>
      </section>`,
  };

  createApp({
    components: { QsLive, QsArchive },
    setup: () => ({ locale: ElementPlusLocaleDe, cameras: CAMERAS, stream }),
    template: `
      <el-config-provider :locale="locale">
        <header class="qs-bar"><strong>Quayside</strong><span>APM Terminals · Pier 400</span>
          <a v-for="c in cameras" :key="c.slug" :href="'?streamName=' + c.slug" :aria-current="c.slug === stream ? 'page' : null">{{ c.label }}</a></header>
        <main><qs-live /><qs-archive /></main>
      </el-config-provider>`,
  }).use(ElementPlus).mount('#quayside');
})();

import { createApp, ref, computed, onMounted } from 'vue';
import ElementPlus, { ElMessage } from 'element-plus';

const LANES = { in_gate: 'In gate', out_gate: 'Out gate' };
const DAY_MS = 86400000;

// 7 Sep 2025 (as the picker gives it, midnight of the browser's own zone) -> '2025-250'
function ordinal(date) {
  const noon = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  const n = (noon - Date.UTC(date.getFullYear(), 0, 1)) / DAY_MS + 1;
  return `${date.getFullYear()}-${String(n).padStart(3, '0')}`;
}
function spelledOut(ord) {
  const [y, n] = ord.split('-').map(Number);
  return new Date(Date.UTC(y, 0, n)).toLocaleDateString('en-GB', {
    timeZone: 'UTC', weekday: 'long', day: 'numeric', month: 'long', year: 'numeric',
  });
}
const terminalNow = () => {
  const p = Object.fromEntries(new Intl.DateTimeFormat('en-US', {
    timeZone: 'America/Los_Angeles', hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric',
  }).formatToParts(new Date()).map((x) => [x.type, Number(x.value)]));
  return { date: new Date(p.year, p.month - 1, p.day), hour: p.hour };
};
function shiftOfHour(h) {
  if (h < 3) return 'nb';
  if (h < 8) return 'hoot';
  return h < 18 ? 'first' : 'second';
}

const App = {
  setup() {
    const asked = new URLSearchParams(location.search).get('streamName');
    const lane = ref(asked in LANES ? asked : 'in_gate');
    const live = ref(null);
    const sheet = ref(null); // the day on show
    const picked = ref(null); // the day in the picker
    const shift = ref(shiftOfHour(terminalNow().hour));
    const busy = ref(false);
    const trouble = ref('');
    let flight = null;

    const full = (src, shot) => src.media + shot.k + src.suffix;
    const thumb = (src, shot) => `${src.media}${shot.k}-thumbnail${src.suffix}`;
    const shots = computed(() => (live.value ? live.value.now[lane.value] : []));
    const tally = computed(() => (sheet.value ? sheet.value.tally[lane.value] : 0));

    async function load(which, quietly = false) {
      flight?.abort();
      const mine = (flight = new AbortController());
      if (!quietly) busy.value = true;
      try {
        const res = await fetch(`/gateviews/apm/${which}`, { signal: mine.signal });
        if (!res.ok) throw new Error(`${res.status} ${res.statusText}`);
        const body = await res.json();
        sheet.value = body;
        trouble.value = '';
      } catch (e) {
        if (mine.signal.aborted || quietly) return;
        sheet.value = null;
        trouble.value = e.message;
        ElMessage.error({ message: 'Sorry, the gate views could not be loaded.', duration: 4000 });
      } finally {
        if (flight === mine) {
          busy.value = false;
          flight = null;
        }
      }
    }
    const wanted = () => (picked.value ? ordinal(picked.value) : 'latest');
    const again = () => load(wanted());

    function swapLane(v) {
      const u = new URL(location.href);
      u.searchParams.set('streamName', v);
      history.replaceState(null, '', u);
    }
    const outside = (d) => d > terminalNow().date || d < new Date(2023, 11, 31);

    onMounted(() => {
      const feed = new EventSource('/gateviews/apm/live');
      feed.addEventListener('views', (ev) => {
        const first = live.value === null;
        live.value = JSON.parse(ev.data);
        // a new picture belongs to today's sheet too
        if (!first && !busy.value && sheet.value && sheet.value.day === ordinal(terminalNow().date)) load(wanted(), true);
      });
      load('latest');
    });

    return { LANES, lane, live, shots, sheet, picked, shift, busy, trouble, tally, full, thumb, load, wanted, again, swapLane, outside, spelledOut };
  },
  template: `
  <header class="mr-top">
    <h1>Pier 400 gate views</h1>
    <el-radio-group v-model="lane" @change="swapLane">
      <el-radio-button v-for="(name, id) in LANES" :key="id" :value="id">{{ name }}</el-radio-button>
    </el-radio-group>
  </header>
  <main class="mr-body">
    <section class="mr-now" aria-label="Right now">
      <figure v-for="s in shots" :key="s.k">
        <picture>
          <source media="(max-width: 420px)" :srcset="thumb(live, s)">
          <img :src="full(live, s)" :alt="'Gate at ' + s.w" width="1200" height="675">
        </picture>
        <figcaption>{{ s.w }}</figcaption>
      </figure>
    </section>

    <section class="mr-hist" id="camera-history">
      <div class="mr-hist__bar">
        <h2>History</h2>
        <el-date-picker v-model="picked" type="date" format="D MMM YYYY" placeholder="Pick a day"
          :clearable="false" :disabled-date="outside" @change="load(wanted())" />
        <span class="mr-hist__tally" v-if="sheet">{{ tally }} pictures on {{ spelledOut(sheet.day) }}</span>
      </div>
      <div class="mr-rail" :class="{ 'is-on': busy }"></div>
      <div class="mr-hist__body">
        <el-result v-if="trouble && !busy" icon="warning" title="No gate views" :sub-title="trouble">
          <template #extra><el-button type="primary" plain @click="again">Try again</el-button></template>
        </el-result>
        <el-skeleton v-else-if="!sheet" :rows="7" animated />
        <Transition v-else name="swap" mode="out-in">
          <el-empty v-if="!tally" :key="sheet.day + '-none'" description="The camera took no pictures on this day" />
          <el-tabs v-else :key="sheet.day" v-model="shift" type="border-card">
            <el-tab-pane v-for="s in sheet.shifts" :key="s.id" :name="s.id" lazy>
              <template #label>{{ s.name }}&nbsp;<small>({{ s.lanes[lane].length }})</small></template>
              <p class="mr-hours">{{ s.hours }}</p>
              <div class="mr-wall">
                <figure class="mr-shot" v-for="shot in s.lanes[lane]" :key="shot.k">
                  <a :href="full(sheet, shot)" target="_blank" rel="noopener">
                    <el-image :src="thumb(sheet, shot)" :srcset="thumb(sheet, shot) + ' 320w, ' + full(sheet, shot) + ' 1200w'"
                      sizes="200px" loading="lazy" fit="cover" :alt="LANES[lane] + ', ' + shot.w" />
                  </a>
                  <figcaption>{{ shot.w }}</figcaption>
                </figure>
              </div>
            </el-tab-pane>
          </el-tabs>
        </Transition>
      </div>
    </section>
  </main>`,
};

createApp(App).use(ElementPlus).mount('#millrace');

/* built by the server: %CDN% and %SKIN% are filled in as a bundler fills in its environment */
(() => {
  const CDN = '%CDN%';
  const SKIN = '%SKIN%' === 'b'
    ? { heading: 'Past pictures', ask: 'Select date' }
    : { heading: 'History', ask: 'Pick a day' };
  const ZONE = 'America/Los_Angeles';
  const PAGE = 48;
  const FIRST_DAY = '2023-12-31';
  const { createApp, ref, shallowRef, computed, watch, onMounted, onBeforeUnmount, nextTick } = Vue;

  // ---- terminal calendar
  const clock = new Intl.DateTimeFormat('en-CA', {
    timeZone: ZONE, year: 'numeric', month: '2-digit', day: '2-digit',
    hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
  });
  const wall = (ms) => Object.fromEntries(clock.formatToParts(ms).map((p) => [p.type, p.value]));
  const dayOf = (ms) => { const w = wall(ms); return `${w.year}-${w.month}-${w.day}`; };
  const midnight = (day) => {
    const [y, m, d] = day.split('-').map(Number);
    for (const h of [7, 8]) {
      const t = Date.UTC(y, m - 1, d, h);
      const w = wall(t);
      if (w.hour === '00' && dayOf(t) === day) return t;
    }
    throw new RangeError(day);
  };
  const dayAfter = (day) => {
    const [y, m, d] = day.split('-').map(Number);
    return new Date(Date.UTC(y, m - 1, d + 1)).toISOString().slice(0, 10);
  };
  const pretty = (day) => new Date(`${day}T12:00:00Z`)
    .toLocaleDateString('en-US', { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric', timeZone: 'UTC' });

  // ---- backend
  const thumbOf = (key) => key.replace(/(\.\w+)$/, '-thumbnail$1');
  async function archive(stream, day, token) {
    const r = await fetch('/api/archive/query', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify({
        camera: { terminal: 'apm', stream },
        window: { since: midnight(day) / 1000, until: midnight(dayAfter(day)) / 1000 },
        page: { size: PAGE, token },
      }),
    });
    if (!r.ok) throw new Error(`archive answered ${r.status}`);
    return r.json();
  }

  const Live = {
    props: { stream: String },
    setup(props) {
      const shots = ref([]);
      let source;
      onMounted(() => {
        source = new EventSource(`/api/feed/apm/${props.stream}`);
        source.addEventListener('latest', (e) => { shots.value = JSON.parse(e.data).shots; });
      });
      onBeforeUnmount(() => source.close());
      const span = computed(() => (shots.value.length === 1 ? 24 : 12));
      return { shots, span, CDN };
    },
    template: `
      <section class="now" aria-label="Live">
        <el-row :gutter="16">
          <el-col v-for="s in shots" :key="s.key" :span="span">
            <el-card shadow="never" :body-style="{ padding: 0 }">
              <el-image :src="CDN + '/' + s.key" fit="cover"></el-image>
              <small>{{ s.caption }}</small>
            </el-card>
          </el-col>
        </el-row>
        <el-skeleton v-if="!shots.length" animated :rows="4"></el-skeleton>
      </section>`,
  };

  const Past = {
    props: { stream: String },
    setup(props) {
      const today = dayOf(Date.now());
      const day = ref(today);
      const shown = shallowRef(null);   // { day, blocks, matched, token, failed }
      const busy = ref(false);
      const more = ref('');             // '' | 'loading' | 'failed'
      const bar = ref(null);
      let turn = 0;
      let timer = 0;

      const weld = (old, fresh) => {
        const out = old.slice();
        for (const g of fresh) {
          const last = out[out.length - 1];
          const frames = g.files.map((f) => ({ key: g.prefix + f.name, label: f.label }));
          if (last && last.prefix === g.prefix) out[out.length - 1] = { ...last, frames: last.frames.concat(frames) };
          else out.push({ prefix: g.prefix, title: g.title, frames });
        }
        return out;
      };

      async function load() {
        const mine = ++turn;
        const want = day.value;
        busy.value = true;
        more.value = '';
        try {
          const a = await archive(props.stream, want, null);
          if (mine !== turn) return;
          shown.value = { day: want, blocks: weld([], a.listing), matched: a.meta.matched, token: a.meta.next };
        } catch (e) {
          if (mine !== turn) return;
          console.error(e);
          shown.value = { day: want, blocks: [], matched: 0, token: null, failed: true };
        }
        busy.value = false;
        setTimeout(fill, 700);
      }

      async function next() {
        const at = shown.value;
        if (!at || !at.token || more.value === 'loading' || busy.value) return;
        const mine = turn;
        more.value = 'loading';
        try {
          const a = await archive(props.stream, at.day, at.token);
          if (mine !== turn) return;
          shown.value = { ...at, blocks: weld(at.blocks, a.listing), token: a.meta.next };
          more.value = '';
          await nextTick();
          setTimeout(fill, 100);
        } catch (e) {
          if (mine !== turn) return;
          console.error(e);
          more.value = 'failed';
        }
      }

      // near the end of the reel, or the reel does not fill its box: get the next page
      function fill() {
        const w = bar.value && bar.value.wrapRef;
        if (w && more.value !== 'failed' && w.scrollTop + w.clientHeight >= w.scrollHeight - 160) next();
      }

      watch(day, () => { clearTimeout(timer); timer = setTimeout(load, 200); });
      watch(() => shown.value && shown.value.day, () => { if (bar.value) bar.value.setScrollTop(0); });
      onMounted(load);

      const flat = computed(() => (shown.value ? shown.value.blocks.flatMap((b) => b.frames.map((f) => f.key)) : []));
      const large = computed(() => flat.value.map((k) => `${CDN}/${k}`));
      const place = computed(() => new Map(flat.value.map((k, i) => [k, i])));
      const off = (d) => {
        // the calendar hands out browser-local dates; only their calendar fields matter
        const s = `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`;
        return s < FIRST_DAY || s > dayOf(Date.now());
      };
      return { SKIN, CDN, day, shown, busy, more, bar, large, place, off, load, next, fill, pretty, thumb: (k) => `${CDN}/${thumbOf(k)}` };
    },
    template: `
      <section id="camera-history">
        <div class="past-head">
          <h2>{{ SKIN.heading }}</h2>
          <el-date-picker v-model="day" type="date" :placeholder="SKIN.ask" format="ddd, MMM D, YYYY"
            value-format="YYYY-MM-DD" :editable="false" :clearable="false" :disabled-date="off" popper-class="gate-cal">
            <template #default="cell">
              <div class="pick" :class="{ sel: cell.isSelected }"><em>{{ cell.text }}</em></div>
            </template>
          </el-date-picker>
          <span class="status" v-if="busy && shown"><i class="spin"></i>Updating</span>
        </div>
        <div class="reel">
          <el-scrollbar ref="bar" max-height="620px" @scroll="fill">
            <transition name="swap" mode="out-in">
              <div v-if="!shown" key="first" class="reel-pad"><el-skeleton animated :rows="8"></el-skeleton></div>
              <el-result v-else-if="shown.failed" :key="shown.day + '!'" icon="error" title="We could not get the pictures"
                sub-title="The camera archive did not answer.">
                <template #extra><el-button type="primary" :loading="busy" @click="load">Try again</el-button></template>
              </el-result>
              <el-empty v-else-if="!shown.blocks.length" :key="shown.day + '0'" :description="'The camera recorded nothing on ' + pretty(shown.day)"></el-empty>
              <div v-else :key="shown.day" class="reel-pad">
                <div v-for="b in shown.blocks" :key="b.prefix" class="block">
                  <h3>{{ b.title }}</h3>
                  <ul>
                    <li v-for="f in b.frames" :key="f.key">
                      <figure>
                        <el-image lazy fit="cover" :src="thumb(f.key)" :preview-src-list="large" :initial-index="place.get(f.key)"
                          preview-teleported hide-on-click-modal>
                          <template #error><div class="el-image__error">no picture</div></template>
                        </el-image>
                        <figcaption>{{ f.label }}</figcaption>
                      </figure>
                    </li>
                  </ul>
                </div>
                <div class="tail">
                  <template v-if="more === 'loading'"><i class="spin" style="display:inline-block"></i> Loading earlier pictures</template>
                  <template v-else-if="more === 'failed'">Could not load more. <el-button link type="primary" @click="next">Retry</el-button></template>
                  <template v-else-if="shown.token">Scroll for earlier pictures</template>
                  <template v-else>{{ shown.matched }} pictures &middot; start of the list</template>
                </div>
              </div>
            </transition>
          </el-scrollbar>
        </div>
      </section>`,
  };

  const app = createApp({
    components: { Live, Past },
    setup() {
      const asked = new URLSearchParams(location.search).get('streamName');
      const stream = asked === 'out_gate' ? 'out_gate' : 'in_gate';
      document.title = `APM ${stream === 'in_gate' ? 'In' : 'Out'} Gate - Terminal cameras`;
      return { stream };
    },
    template: `
      <header class="topbar">
        <b>APM Terminals Pier 400</b>
        <a href="?streamName=in_gate" :class="{ on: stream === 'in_gate' }">In gate</a>
        <a href="?streamName=out_gate" :class="{ on: stream === 'out_gate' }">Out gate</a>
      </header>
      <main><Live :stream="stream"></Live><Past :stream="stream"></Past></main>`,
  });
  app.use(ElementPlus);
  app.mount('#app');
})();

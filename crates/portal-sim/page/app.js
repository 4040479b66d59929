/* The page of the simulated portal. It owns what a visitor sees and when; what it shows comes from the API. */
(() => {
  "use strict";
  const settings = JSON.parse(document.getElementById("settings").textContent);
  if (settings.blank) return;

  const { createApp, computed, nextTick, onMounted, ref } = Vue;
  const ways = settings.behaviours;
  const stream = new URLSearchParams(location.search).get("streamName") || settings.cameras[0];

  const renamed = {
    "top-bar": "q1", simulated: "q2", content: "q3", panel: "q4", "panel-head": "q5", "live-pictures": "q6",
    "live-picture": "q7", "history-scroll": "q8", "camera-images": "q9", "camera-image": "q10", more: "q11",
    "camera-live": "q12", "camera-history": "q13",
  };
  const named = (name) => (ways.renamed ? renamed[name] : name);
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));

  function now() {
    return settings.fixedNowMs ?? Date.now() + settings.clockOffsetMs;
  }

  /** Today in the terminal's calendar, as YYYY-MM-DD. */
  function today() {
    return new Intl.DateTimeFormat("en-CA", { timeZone: settings.timeZone }).format(now());
  }

  /** A date of the picker, which counts in the browser's zone, as YYYY-MM-DD. */
  function dayOf(date) {
    const two = (number) => String(number).padStart(2, "0");
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  }

  function request(url) {
    if (!ways.xhr) return fetch(url).then(async (answer) => [answer.status, await answer.text()]);
    return new Promise((done, failed) => {
      const xhr = new XMLHttpRequest();
      xhr.open("GET", url);
      xhr.onload = () => done([xhr.status, xhr.responseText]);
      xhr.onerror = () => failed(new Error("network error"));
      xhr.send();
    });
  }

  async function ask(path) {
    const [status, text] = await request(`/api/cameras/${encodeURIComponent(stream)}/${path}`);
    const answer = JSON.parse(text);
    if (status !== 200 || answer.error) throw new Error(answer.error || `status ${status}`);
    return answer;
  }

  /** The time of a picture by the terminal's clock, read from its address. */
  function caption(address) {
    const name = address.split("/").pop();
    const clock = { timeZone: settings.timeZone, hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit" };
    const iso = /^(\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d))-/.exec(name);
    if (iso && ways.zone === "local") return iso[2];
    const instant = iso ? Date.parse(`${iso[1]}Z`) : Number(name.split("-")[0]);
    return new Intl.DateTimeFormat("en-GB", clock).format(instant);
  }

  function useLive() {
    const images = ref([]);
    const error = ref("");
    async function load() {
      try {
        images.value = (await ask("live")).images;
        error.value = "";
      } catch (problem) {
        if (!ways.swallow_errors) error.value = String(problem.message);
      }
    }
    onMounted(load);
    if (ways.live_poll_seconds > 0) setInterval(load, ways.live_poll_seconds * 1000);
    return { images, error };
  }

  function useHistory() {
    const day = ref(today());
    const images = ref([]);
    const total = ref(null);
    const error = ref("");
    const loading = ref(false);
    const next = ref(null);
    const box = ref(null);
    let turn = 0;
    let fetching = false;

    // Where the next page begins, as a part of the query; an API that does not say is asked until nothing comes.
    function follow(answer) {
      if (!ways.bare_api) return answer.next && `cursor=${encodeURIComponent(answer.next)}`;
      return ways.endless && answer.images.length ? `offset=${images.value.length}` : null;
    }

    function show(answer) {
      images.value = answer.images;
      total.value = answer.total ?? answer.images.length;
      next.value = follow(answer);
      error.value = "";
      nextTick(() => {
        if (box.value) box.value.scrollTop = 0;
        more();
      });
    }

    function complain(problem) {
      if (ways.swallow_errors) return;
      images.value = [];
      total.value = null;
      error.value = String(problem.message);
    }

    async function pick(picked) {
      if (!picked) return;
      const mine = ++turn;
      const keep = images.value.length > 0 && (ways.stale_ms > 0 || ways.swallow_errors);
      next.value = null;
      loading.value = !keep;
      if (!keep) {
        images.value = [];
        total.value = null;
        error.value = "";
      }
      try {
        const answer = await ask(`history?day=${picked}`);
        if (keep) await wait(ways.stale_ms);
        if (mine === turn) show(answer);
      } catch (problem) {
        if (mine === turn) complain(problem);
      }
      if (mine === turn) loading.value = false;
    }

    async function more() {
      const element = box.value;
      if (!next.value || fetching || !element) return;
      if (element.scrollHeight - element.scrollTop - element.clientHeight > 80) return;
      fetching = true;
      const mine = turn;
      try {
        const answer = await ask(`history?day=${day.value}&${next.value}`);
        if (mine === turn) {
          images.value = images.value.concat(answer.images);
          next.value = follow(answer);
        }
      } catch (problem) {
        if (mine === turn && !ways.swallow_errors) error.value = String(problem.message);
      }
      fetching = false;
      if (mine === turn && !error.value) nextTick(more);
    }

    onMounted(() => pick(day.value));
    return { day, images, total, error, loading, next, box, pick, more };
  }

  const template = `
    <el-config-provider :namespace="namespace">
      <header :class="named('top-bar')">
        <h1>Terminal cameras</h1>
        <a v-for="name in cameras" :key="name" :href="'?streamName=' + name" :class="{ here: name === stream }">{{ title(name) }}</a>
        <span :class="named('simulated')">SIMULATED</span>
      </header>
      <main :class="named('content')">
        <section :class="named('panel')" :id="named('camera-live')">
          <div :class="named('panel-head')"><h2>Live</h2><span class="note">{{ title(stream) }}, {{ timeZone }}</span></div>
          <el-alert v-if="live.error.value" type="error" :closable="false" :title="'Could not load live pictures: ' + live.error.value" />
          <div v-else-if="ways.live_like_history" :class="named('camera-images')">
            <figure v-for="image in live.images.value" :key="image.image" :class="named('camera-image')">
              <el-image :src="image.thumbnail" :preview-src-list="[image.image]" preview-teleported hide-on-click-modal fit="cover" />
              <figcaption>{{ caption(image.image) }}</figcaption>
            </figure>
          </div>
          <div v-else :class="named('live-pictures')">
            <figure v-for="image in live.images.value" :key="image.image">
              <img :class="named('live-picture')" :src="image.image" alt="" />
              <figcaption>{{ caption(image.image) }}</figcaption>
            </figure>
          </div>
        </section>
        <section :class="named('panel')" :id="named('camera-history')">
          <div :class="named('panel-head')">
            <h2 v-if="!ways.no_heading">History</h2>
            <el-date-picker v-model="history.day.value" type="date" :placeholder="placeholder" value-format="YYYY-MM-DD"
              :clearable="false" :editable="!ways.readonly_picker" :disabled-date="closed" @change="history.pick" />
            <span v-if="history.total.value" class="note">{{ history.total.value }} pictures</span>
          </div>
          <div :class="named('history-scroll')" :ref="history.box" @scroll.passive="history.more">
            <el-skeleton v-if="history.loading.value" :rows="6" animated />
            <el-alert v-if="history.error.value" type="error" :closable="false" :title="'Could not load images: ' + history.error.value" />
            <el-empty v-if="history.total.value === 0" description="No images" />
            <div :class="named('camera-images')">
              <figure v-for="image in history.images.value" :key="image.image" :class="named('camera-image')">
                <el-image :src="image.thumbnail" :preview-src-list="[image.image]" preview-teleported hide-on-click-modal fit="cover" :lazy="ways.lazy" />
                <figcaption>{{ caption(image.image) }}</figcaption>
              </figure>
            </div>
            <div v-if="history.next.value" :class="named('more')">Loading more…</div>
          </div>
        </section>
      </main>
    </el-config-provider>`;

  createApp({
    template,
    setup() {
      return {
        ways, stream, named, caption,
        cameras: settings.cameras,
        timeZone: settings.timeZone,
        namespace: settings.namespace,
        placeholder: ways.renamed ? "Choose a date" : "Pick a day",
        title: (name) => name.replaceAll("_", " "),
        closed: (date) => dayOf(date) > today() || (ways.disable_expired && dayOf(date) < settings.oldest),
        live: useLive(),
        history: useHistory(),
      };
    },
  }).use(ElementPlus).mount("#app");
})();

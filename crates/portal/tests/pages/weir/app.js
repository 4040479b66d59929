const { createApp, ref, computed, watch } = Vue;

const PARTS = ['Small hours', 'Forenoon', 'Afternoon', 'Late'];
const control = document.body.dataset.control;
const camera = new URLSearchParams(location.search).get('streamName');
const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/Los_Angeles', dateStyle: 'short' }).format(Date.now());

const CONTROLS = {
  select: '<select v-model.number="part"><option v-for="(name, at) in parts" :value="at">{{ name }}</option></select>',
  radio: '<form><label v-for="(name, at) in parts"><input type="radio" name="part" :value="at" v-model.number="part"> {{ name }}</label></form>',
  range: '<input type="range" min="0" max="3" v-model.number="part">',
  pressed: '<p><button v-for="(name, at) in parts" :aria-pressed="String(at === part)" @click="part = at">{{ name }}</button></p>',
  chips: '<p><span v-for="(name, at) in parts" class="chip" :class="{ \'is-active\': at === part }" @click="part = at">{{ name }}</span></p>',
  checkbox: '<label><input type="checkbox" v-model="all"> The whole day</label>',
  'el-radio': '<el-radio-group v-model="part"><el-radio-button v-for="(name, at) in parts" :value="at">{{ name }}</el-radio-button></el-radio-group>',
  'el-select': '<el-select v-model="part"><el-option v-for="(name, at) in parts" :value="at" :label="name" /></el-select>',
  'el-slider': '<el-slider v-model="part" :max="3" show-stops />',
  'el-switch': '<el-switch v-model="all" active-text="The whole day" />',
  'el-segmented': '<el-segmented v-model="part" :options="parts.map((label, value) => ({ label, value }))" />',
  'el-check-tag': '<div><el-check-tag v-for="(name, at) in parts" :checked="at === part" @change="part = at">{{ name }}</el-check-tag></div>',
};

createApp({
  setup() {
    const [date, part, all, day] = [ref(today), ref(1), ref(false), ref([])];
    const load = async () => {
      const answer = await fetch(`/day?camera=${camera}&date=${date.value}`);
      day.value = await answer.json();
    };
    watch(date, load);
    load();
    const shown = computed(() => day.value.filter(({ hour }) => all.value || Math.floor(hour / 6) === part.value));
    return { date, part, all, shown, parts: PARTS };
  },
  template: `
    <h1>Weir</h1>
    <h2>History</h2>
    <el-date-picker v-model="date" value-format="YYYY-MM-DD" placeholder="Pick a day" :clearable="false" />
    ${CONTROLS[control]}
    <div class="pictures"><a v-for="frame in shown" :key="frame.image" :href="frame.image"><img :src="frame.small" alt=""></a></div>`,
}).use(ElementPlus).mount('#app');

(function () {
  'use strict';
  var ENV = window.ENV;
  var V = window.Vue;
  var LA = 'America/Los_Angeles';
  var TEXT = {
    es: {
      title: 'Cámaras · Muelle 400', in_gate: 'Entrada', out_gate: 'Salida', open: 'Historial', head: 'Historial',
      pick: 'Elija un día', prev: 'Día anterior', next: 'Día siguiente', hour: 'Hora', nothing: 'No hay imágenes de este día',
      ask: 'Elija un día en el calendario para ver sus imágenes', fail: 'No se pudo cargar el archivo', retry: 'Reintentar',
      count: function (n) { return n === 1 ? '1 imagen' : n + ' imágenes'; }, wait: 'Esperando a la cámara…',
    },
    en: {
      title: 'Cameras · Pier 400', in_gate: 'Entrance', out_gate: 'Exit', open: 'History', head: 'History',
      pick: 'Select a date', prev: 'Day before', next: 'Day after', hour: 'Hour', nothing: 'No images for this day',
      ask: 'Select a date in the calendar to see its images', fail: 'The archive could not be loaded', retry: 'Retry',
      count: function (n) { return n === 1 ? '1 image' : n + ' images'; }, wait: 'Waiting for the camera…',
    },
  };
  var T = TEXT[ENV.LANG];

  // ---- time: whole seconds; the terminal's zone is off UTC by whole hours
  function formatter(zone) {
    var f = new Intl.DateTimeFormat('en-US', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', timeZoneName: 'short',
    });
    var memo = {};
    return function (t) { // of the hour t is in
      var key = Math.floor(t / 3600);
      if (!memo[key]) {
        var p = {};
        f.formatToParts(key * 3600000).forEach(function (x) { p[x.type] = x.value; });
        memo[key] = { date: p.year + '-' + p.month + '-' + p.day, hour: p.hour, zone: p.timeZoneName };
      }
      return memo[key];
    };
  }
  var atTerminal = formatter(LA);
  var inNames = formatter(ENV.STAMP_ZONE);
  function pad(n) { return n < 10 ? '0' + n : '' + n; }
  function minSec(t) { var r = t % 3600; return pad(Math.floor(r / 60)) + ':' + pad(r % 60); }
  function address(camera, t, thumb) {
    var n = inNames(t);
    return ENV.CDN + '/' + n.date + '/' + Number(n.hour) + '/' + n.date + 'T' + n.hour + ':' + minSec(t) + '-' + camera + (thumb ? '-thumbnail' : '') + '.jpeg';
  }
  function today() { return atTerminal(Date.now() / 1000).date; }
  function addDays(date, n) { return new Date(Date.parse(date) + n * 86400000).toISOString().slice(0, 10); }
  function isoWeek(date) {
    var d = new Date(Date.parse(date));
    var thursday = new Date(d.getTime() + (3 - ((d.getUTCDay() + 6) % 7)) * 86400000);
    var year = thursday.getUTCFullYear();
    return { year: year, week: Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / 604800000) + 1 };
  }

  // ---- the archive comes by the week and is kept
  var weeks = new Map();
  function weekOf(camera, date) {
    var w = isoWeek(date);
    var key = camera + '/' + w.year + '/' + w.week;
    var kept = weeks.get(key);
    if (kept && (kept.done || Date.now() - kept.at < 45000)) return Promise.resolve(kept.instants);
    return fetch('/api/v1/archivo/' + w.year + '/' + w.week + '?camara=' + camera).then(function (r) {
      if (!r.ok) throw new Error('HTTP ' + r.status);
      return r.json();
    }).then(function (a) {
      var t = a.origen;
      var instants = a.pasos.map(function (p) { t += p; return t; });
      weeks.set(key, { instants: instants, done: a.completa, at: Date.now() });
      return instants;
    });
  }

  // The rows of a day: its hours, and the hour before and after it. Last hour first.
  function rowsOf(date, instants) {
    var hours = new Map();
    var own = 0;
    instants.forEach(function (t) {
      var eh = Math.floor(t / 3600);
      var mine = atTerminal(t).date === date;
      if (!mine && atTerminal(t + 3600).date !== date && atTerminal(t - 3600).date !== date) return;
      if (mine) own++;
      var row = hours.get(eh);
      if (!row) {
        row = { id: eh, vecina: !mine, cells: [[], [], [], [], [], []] };
        hours.set(eh, row);
      }
      row.cells[Math.floor((t % 3600) / 600)].push(t);
    });
    var rows = Array.from(hours.values()).sort(function (a, b) { return b.id - a.id; });
    rows.forEach(function (row) {
      var h = atTerminal(row.id * 3600);
      var twin = [row.id - 1, row.id + 1].some(function (o) { var x = atTerminal(o * 3600); return x.hour === h.hour && x.date === h.date; });
      row.label = Number(h.hour) + ' h' + (twin ? ' ' + h.zone : '');
    });
    return { rows: own ? rows : [], own: own };
  }

  var Hoja = {
    name: 'Hoja',
    props: { camera: String, date: String, instants: Array },
    setup: function (props) {
      var view = V.computed(function () { return rowsOf(props.date, props.instants); });
      var heading = V.computed(function () {
        return new Intl.DateTimeFormat(ENV.LANG, { timeZone: 'UTC', dateStyle: 'full' }).format(Date.parse(props.date)) + ' — ' + T.count(view.value.own);
      });
      return {
        T: T, view: view, heading: heading, minSec: minSec,
        big: function (t) { return address(props.camera, t, false); },
        small: function (t) { return address(props.camera, t, true); },
        rowClass: function (o) { return o.row.vecina ? 'fila-vecina' : ''; },
        slots: [0, 1, 2, 3, 4, 5],
      };
    },
    template: '<article class="hoja"><h4>{{ heading }}</h4>' +
      '<el-empty v-if="!view.own" :description="T.nothing"></el-empty>' +
      '<el-table v-else :data="view.rows" row-key="id" :row-class-name="rowClass" size="small" border>' +
      '<el-table-column :label="T.hour" prop="label" width="74"></el-table-column>' +
      '<el-table-column v-for="s in slots" :key="s" :label="\':\' + s + \'0\'" align="center"><template #default="{ row }">' +
      '<span v-if="!row.cells[s].length" class="nada">—</span>' +
      '<div v-for="t in row.cells[s]" :key="t" class="casilla"><el-image :src="small(t)" :preview-src-list="[big(t)]" preview-teleported hide-on-click-modal fit="cover" lazy scroll-container=".cajon .el-drawer__body"></el-image><i>{{ minSec(t) }}</i></div>' +
      '</template></el-table-column></el-table></article>',
  };

  var app = V.createApp({
    components: { Hoja: Hoja },
    setup: function () {
      var q = new URLSearchParams(location.search).get('streamName');
      var camera = q === 'out_gate' ? 'out_gate' : 'in_gate';
      var photos = V.ref([]);
      var drawer = V.ref(location.hash === '#camera-history');
      var chosen = V.ref(''); // in the picker
      var shown = V.ref(null); // on show: { date, instants }
      var loading = V.ref(false);
      var failed = V.ref('');
      var ticket = 0;
      var clock = V.ref(Date.now());
      setInterval(function () { clock.value = Date.now(); }, 20000);

      function show() {
        var date = chosen.value;
        if (!date) return;
        var mine = ++ticket;
        failed.value = '';
        var spinner = setTimeout(function () { loading.value = true; }, 300);
        // a short rest also for kept weeks: quick clicks on "day before" draw only the last one
        Promise.all([weekOf(camera, date), new Promise(function (ok) { setTimeout(ok, 180); })]).then(function (r) {
          if (mine === ticket) shown.value = { date: date, instants: r[0] };
        }).catch(function (e) {
          if (mine === ticket) failed.value = e.message;
        }).finally(function () {
          clearTimeout(spinner);
          if (mine === ticket) loading.value = false;
        });
      }
      function step(n) {
        var base = chosen.value || today();
        chosen.value = addDays(base, n);
        show();
      }
      V.watch(drawer, function (v) {
        history.replaceState(null, '', v ? '#camera-history' : location.pathname + location.search);
      });
      window.addEventListener('hashchange', function () { if (location.hash === '#camera-history') drawer.value = true; });

      var serie = 0;
      function poll() {
        fetch('/api/v1/vivo?camara=' + camera + '&desde=' + serie).then(function (r) {
          return r.status === 204 ? null : r.json();
        }).then(function (a) {
          if (a) {
            var first = serie === 0;
            serie = a.serie;
            photos.value = a.fotos.map(function (f) { return { foto: f.foto, when: Date.now() - f.hace * 1000 }; });
            if (!first && shown.value && shown.value.date === today() && chosen.value === today() && !loading.value) {
              weeks.clear();
              show();
            }
          }
          setTimeout(poll, 500);
        }).catch(function () { setTimeout(poll, 8000); });
      }
      poll();

      var rtf = new Intl.RelativeTimeFormat(ENV.LANG, { numeric: 'auto' });
      function ago(p) {
        var m = Math.round((clock.value - p.when) / 60000);
        return m < 90 ? rtf.format(-m, 'minute') : rtf.format(-Math.round(m / 60), 'hour');
      }
      return {
        T: T, ENV: ENV, camera: camera, photos: photos, drawer: drawer, chosen: chosen, shown: shown, loading: loading, failed: failed,
        show: show, step: step, ago: ago, locale: ENV.LANG === 'es' ? window.ElementPlusLocaleEs : undefined,
        other: camera === 'in_gate' ? 'out_gate' : 'in_gate',
        go: function (c) { location.search = '?streamName=' + c; },
        canNext: V.computed(function () { return Boolean(chosen.value) && chosen.value < today(); }),
        canPrev: V.computed(function () { return !chosen.value || chosen.value > ENV.SINCE; }),
        off: function (d) {
          var s = d.getFullYear() + '-' + pad(d.getMonth() + 1) + '-' + pad(d.getDate());
          return s > today() || s < ENV.SINCE;
        },
      };
    },
    template: '<el-config-provider :locale="locale">' +
      '<nav class="barra"><b>{{ T.title }} · {{ T[camera] }}</b>' +
      '<el-button @click="go(other)">{{ T[other] }}</el-button>' +
      '<el-button type="primary" @click="drawer = true">{{ T.open }}</el-button></nav>' +
      '<div class="escena"><el-carousel v-if="photos.length" height="560px" :interval="7000" indicator-position="outside">' +
      '<el-carousel-item v-for="p in photos" :key="p.foto"><el-image :src="p.foto" fit="contain"></el-image><span class="pie">{{ ago(p) }}</span></el-carousel-item>' +
      '</el-carousel><div v-else class="sin-foto">{{ T.wait }}</div></div>' +
      '<el-drawer v-model="drawer" class="cajon" direction="btt" size="88%" append-to-body>' +
      '<template #header><div class="cajon-cabeza"><h3>{{ T.head }}</h3>' +
      '<el-date-picker v-model="chosen" type="date" value-format="YYYY-MM-DD" format="DD/MM/YYYY" :placeholder="T.pick" :editable="false" :clearable="false" :disabled-date="off" @change="show"></el-date-picker>' +
      '<el-button-group><el-button :disabled="!canPrev" @click="step(-1)">‹ {{ T.prev }}</el-button><el-button :disabled="!canNext" @click="step(1)">{{ T.next }} ›</el-button></el-button-group></div></template>' +
      '<el-alert v-if="failed" class="aviso" type="error" show-icon :closable="false" :title="T.fail + \' (\' + failed + \')\'"><el-button size="small" @click="show">{{ T.retry }}</el-button></el-alert>' +
      '<div v-loading="loading"><keep-alive :max="8"><hoja v-if="shown" :key="shown.date" :camera="camera" :date="shown.date" :instants="shown.instants"></hoja></keep-alive>' +
      '<el-empty v-if="!shown && !failed" :image-size="120" :description="T.ask"></el-empty></div>' +
      '</el-drawer></el-config-provider>',
  });
  app.use(window.ElementPlus).mount('app-root');
})();

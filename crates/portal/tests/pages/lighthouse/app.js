/* gate cams - TODO clean this up */
(function () {
  var TZ = 'America/Los_Angeles'
  var ymdFmt = new Intl.DateTimeFormat('en-CA', { timeZone: TZ, year: 'numeric', month: '2-digit', day: '2-digit' })
  var hmFmt = new Intl.DateTimeFormat('en-US', { timeZone: TZ, hour: 'numeric', minute: '2-digit' })
  function laDay(ms) { return ymdFmt.format(new Date(ms)) }
  function p2(n) { return (n < 10 ? '0' : '') + n }
  function ymd(d) { return d.getFullYear() + '-' + p2(d.getMonth() + 1) + '-' + p2(d.getDate()) }
  function nextDay(s) { return new Date(Date.parse(s + 'T00:00:00Z') + 864e5).toISOString().slice(0, 10) }
  // calendar wants browser dates, users want terminal dates
  function laDate(back) {
    var a = laDay(Date.now()).split('-')
    return new Date(+a[0], a[1] - 1, a[2] - (back || 0))
  }

  // mini axios
  var http = {
    get: function (url, params) {
      return new Promise(function (ok, bad) {
        var q = Object.keys(params || {}).map(function (k) { return k + '=' + encodeURIComponent(params[k]) })
        q.push('_=' + Date.now())
        var x = new XMLHttpRequest()
        x.open('GET', url + '?' + q.join('&'))
        x.setRequestHeader('Accept', 'application/json, text/plain, */*')
        x.setRequestHeader('X-Requested-With', 'XMLHttpRequest')
        x.onload = function () {
          if (x.status >= 200 && x.status < 300) {
            try { ok(JSON.parse(x.responseText)) } catch (e) { bad(e) }
          } else bad(new Error('Request failed with status code ' + x.status))
        }
        x.onerror = function () { bad(new Error('Network Error')) }
        x.send()
      })
    }
  }

  var SLOP = 90 * 60000  // frames around midnight kept going missing, so take a bit more
  var LAG = 2000         // uploader lag

  Vue.createApp({
    template: `
<div class="top">
  <el-space><b>APM</b><span>Pier 400</span>
    <el-radio-group :model-value="stream" size="small" @change="go">
      <el-radio-button value="in_gate">in gate</el-radio-button>
      <el-radio-button value="out_gate">out gate</el-radio-button>
    </el-radio-group>
  </el-space>
</div>
<div class="wrap">
  <el-row :gutter="12">
    <el-col :xs="24" :md="17">
      <div class="card pics">
        <el-image class="big" v-for="(k, i) in live" :key="i" :src="cdn + k" fit="contain"></el-image>
      </div>
    </el-col>
    <el-col :xs="24" :md="7">
      <div class="card">
        <div class="row">Earlier pictures:</div>
        <div class="row">
          <el-date-picker v-model="d" type="date" format="MM/DD/YYYY" placeholder="Select date"
            :shortcuts="shortcuts" :default-value="dv" :disabled-date="off" show-week-number
            @change="pick"></el-date-picker>
        </div>
        <div class="row">Status: <el-tag size="small" :type="online ? 'success' : 'info'">{{ online ? 'online' : '...' }}</el-tag></div>
      </div>
    </el-col>
  </el-row>
  <div class="box">
    <el-empty v-if="done && !mine.length" description="Nothing was recorded" :image-size="80"></el-empty>
    <template v-else>
      <div class="item" v-for="(f, i) in list" :key="i">
        <el-image :src="cdn + f.Key" fit="cover" lazy :preview-src-list="[cdn + f.Key.replace('-thumbnail', '')]"
          preview-teleported hide-on-click-modal></el-image>
        <span>{{ hm(f) }}</span>
      </div>
    </template>
  </div>
</div>`,
    data: function () {
      return {
        cdn: window.ENV.CDN + '/',
        stream: new URLSearchParams(location.search).get('streamName') || 'in_gate',
        live: [], online: false,
        d: null, day: '', list: [], done: false,
        dv: new Date(2024, 8, 1), // launch
        shortcuts: [
          { text: 'Today', value: function () { return laDate(0) } },
          { text: 'Yesterday', value: function () { return laDate(1) } },
          { text: 'A week ago', value: function () { return laDate(7) } }
        ]
      }
    },
    computed: {
      mine: function () {
        var day = this.day
        return this.list.filter(function (f) { return laDay(f.t) === day })
      }
    },
    methods: {
      hm: function (f) { return hmFmt.format(new Date(f.t)) },
      off: function (date) { return ymd(date) > laDay(Date.now()) },
      go: function (s) { location.search = '?streamName=' + s },
      pick: function (v) { this.load(v ? ymd(v) : laDay(Date.now())) },
      poll: function () {
        var me = this
        http.get('/api/v1/live', { terminal: 'apm' }).then(function (r) {
          var c = r.cameras.filter(function (c) { return c.name === me.stream })[0]
          me.live = c ? c.keys : []
          me.online = !!c
        }).catch(function () { me.online = false })
      },
      load: function (day) {
        var me = this
        var seq = me.seq = (me.seq || 0) + 1
        var left = 2, first = true
        clearTimeout(me.timer)
        // bucket folders are UTC, a day here ends in the next one
        ;[day, nextDay(day)].forEach(function (folder) {
          http.get('/api/v1/objects', { prefix: 'apm/' + folder + '/' }).then(function (r) {
            if (seq !== me.seq) return
            var got = r.Contents.filter(function (o) {
              return o.Key.indexOf('-' + me.stream + '-thumbnail') > 0
            }).map(function (o) {
              return { Key: o.Key, t: Date.parse(o.LastModified) - LAG }
            }).filter(function (f) {
              return laDay(f.t) === day || laDay(f.t - SLOP) === day || laDay(f.t + SLOP) === day
            })
            if (first) { me.list = got; me.day = day; me.done = false; first = false }
            else me.list = me.list.concat(got)
            if (--left === 0) {
              me.done = true
              me.timer = setTimeout(function () {
                me.list = me.list.slice().sort(function (a, b) { return a.Key < b.Key ? 1 : -1 }) // newest first
              }, 700)
            }
          }).catch(function (e) {
            if (seq !== me.seq) return
            me.seq++
            ElementPlus.ElMessage.error(e.message)
          })
        })
      }
    },
    mounted: function () {
      var me = this
      http.get('/ingest/beacon', { ev: 'pageview', p: location.pathname }).catch(function () {})
      me.poll()
      setInterval(function () { me.poll() }, 4000)
      me.load(laDay(Date.now()))
    }
  }).use(ElementPlus).mount('#app')
})()

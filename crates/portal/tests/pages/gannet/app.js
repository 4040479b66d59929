/* Portlet "Telecamere varchi" */
(function () {
  'use strict';
  const { createApp, defineCustomElement } = Vue;
  const locale = ElementPlusLocaleIt;

  // ---- stato iniziale, scritto dal server nella pagina
  const stato = new DOMParser().parseFromString(document.getElementById('stato-iniziale').textContent, 'text/xml').documentElement;
  const telecamera = stato.getAttribute('telecamera');
  const cdn = stato.getAttribute('cdn');
  const testo = (nome) => { const n = stato.querySelector(nome); return n ? n.textContent : null; };
  let vista = stato.getAttribute('vista');

  function leggiCsv(csv) {
    const righe = csv.trim().split(/\r?\n/).map((r) => r.split(';'));
    const colonne = righe.shift();
    return righe.map((r) => {
      const f = Object.fromEntries(colonne.map((c, i) => [c, r[i]]));
      const base = cdn + '/' + f.cartella + '/' + f.marca + '-' + telecamera;
      return { ...f, grande: base + '.' + f.est, piccola: base + '-thumbnail.' + f.est };
    });
  }

  // ---- postback dell'archivio
  async function decodifica(nodo) {
    if (nodo.getAttribute('codifica') !== 'gzip+base64') return nodo.textContent;
    const byte = Uint8Array.from(atob(nodo.textContent.replace(/\s/g, '')), (c) => c.charCodeAt(0));
    return new Response(new Blob([byte]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
  }
  async function postback(giorno) {
    const risposta = await fetch('/portale/archivio.jsf', {
      method: 'POST',
      headers: { 'Faces-Request': 'partial/ajax' },
      body: new URLSearchParams({
        'archivioForm': 'archivioForm',
        'archivioForm:giorno': giorno,
        'archivioForm:telecamera': telecamera,
        'javax.faces.partial.ajax': 'true',
        'javax.faces.source': 'archivioForm:mostra',
        'javax.faces.ViewState': vista,
      }),
    });
    const xml = new DOMParser().parseFromString(await risposta.text(), 'text/xml');
    const errore = xml.querySelector('error-name');
    if (!risposta.ok || errore) throw new Error(errore ? errore.textContent : 'HTTP ' + risposta.status);
    for (const u of xml.querySelectorAll('update')) if (u.id.includes('ViewState')) vista = u.textContent;
    return leggiCsv(await decodifica(xml.querySelector('update[codifica]')));
  }

  // ---- <archivio-telecamera>: elenco delle immagini di un giorno, riempito a blocchi
  const BLOCCO = 16;
  const quandoLibero = window.requestIdleCallback || ((f) => setTimeout(f, 50));
  const ArchivioTelecamera = defineCustomElement({
    props: { giorno: String, richiesta: Number },
    emits: ['finito'],
    data: () => ({ mostrato: '', tutte: [], viste: [], errore: '', attesa: false }),
    computed: {
      delGiorno() { return this.tutte.filter((f) => f.tipo === 'G').length; },
      completo() { return this.viste.length === this.tutte.length; },
    },
    watch: { richiesta() { this.cerca(); } },
    created() {
      this.giro = 0;
      const csv = testo('archivio');
      if (csv === null) this.fallito(new Error(testo('errore')));
      else this.riempi(this.giorno, leggiCsv(csv));
    },
    methods: {
      async cerca() {
        const giro = ++this.giro, giorno = this.giorno;
        this.attesa = true;
        try {
          const tutte = await postback(giorno);
          if (giro === this.giro) this.riempi(giorno, tutte);
        } catch (e) {
          if (giro === this.giro) this.fallito(e);
        }
        this.$emit('finito');
      },
      fallito(e) {
        this.attesa = false;
        this.tutte = this.viste = [];
        this.mostrato = '';
        this.errore = /ViewExpired/.test(e.message) ? 'Sessione scaduta: ricaricare la pagina.' : 'Servizio momentaneamente non disponibile. Riprovare più tardi.';
      },
      riempi(giorno, tutte) {
        const giro = ++this.giro;
        Object.assign(this, { attesa: false, errore: '', mostrato: giorno, tutte, viste: [] });
        const passo = () => {
          if (giro !== this.giro) return;
          this.viste = tutte.slice(0, this.viste.length + BLOCCO);
          if (!this.completo) setTimeout(() => quandoLibero(passo, { timeout: 600 }), 260);
        };
        quandoLibero(passo, { timeout: 300 });
      },
      nota: (f) => (f.tipo === 'G' ? '' : f.data.slice(0, 5) + ' '),
    },
    template: `
      <link rel="stylesheet" href="/portale/risorse/lib/element-plus.css">
      <link rel="stylesheet" href="/portale/risorse/app.css">
      <section class="archivio" :aria-busy="attesa || !completo">
        <el-alert v-if="errore" type="error" :title="errore" show-icon :closable="false"></el-alert>
        <template v-else>
          <p class="riepilogo">
            <strong>{{ mostrato }}</strong>
            <span v-if="attesa"> &ndash; Ricerca in corso&hellip;</span>
            <span v-else-if="!completo"> &ndash; Caricamento {{ viste.length }} di {{ tutte.length }}&hellip;</span>
            <span v-else-if="tutte.length"> &ndash; {{ delGiorno }} immagini</span>
          </p>
          <el-empty v-if="!tutte.length" :description="'Nessuna immagine disponibile per il giorno ' + mostrato"></el-empty>
          <ol class="griglia">
            <li v-for="(f, i) in viste" :key="f.grande" :class="{ margine: f.tipo !== 'G' }">
              <el-image :src="f.piccola" loading="lazy" fit="cover" :alt="'Varco ' + f.ora"
                :preview-src-list="[f.grande]" preview-teleported hide-on-click-modal></el-image>
              <small>{{ nota(f) }}{{ f.ora }}</small>
            </li>
          </ol>
        </template>
      </section>`,
  }, { configureApp: (app) => app.use(ElementPlus, { locale }) });
  customElements.define('archivio-telecamera', ArchivioTelecamera);

  // ---- pagina
  const app = createApp({
    data: () => ({
      telecamera, ultime: leggiCsv(testo('ultime')), scelto: stato.getAttribute('oggi'), giorno: stato.getAttribute('oggi'),
      richiesta: 0, inCorso: false,
      voci: [['in_gate', 'Varco di ingresso'], ['out_gate', 'Varco di uscita']],
    }),
    computed: { titolo() { return this.voci.find((v) => v[0] === telecamera)[1]; } },
    mounted() {
      // chiamata in stile DWR: uno script al minuto che richiama portale.ultime()
      window.portale = { ultime: (csv) => { this.ultime = leggiCsv(csv); } };
      setInterval(() => {
        const s = document.createElement('script');
        s.src = '/portale/ultime.js?streamName=' + telecamera + '&_=' + Date.now();
        s.onload = s.onerror = () => s.remove();
        document.head.append(s);
      }, 60000);
    },
    methods: {
      fuoriIntervallo(d) { return d.getFullYear() < 2024 || this.chiave(d) > this.oggi(); },
      chiave: (d) => d.getFullYear() * 10000 + (d.getMonth() + 1) * 100 + d.getDate(),
      oggi: () => Number(new Date().toLocaleDateString('en-CA', { timeZone: 'America/Los_Angeles' }).replace(/-/g, '')),
      mostra() { this.giorno = this.scelto; this.richiesta++; this.inCorso = true; },
    },
    template: `
      <header class="testata">
        <b>Portale Terminal</b> <span>APM Pier 400 &middot; Los Angeles</span>
        <nav><a v-for="v in voci" :key="v[0]" :href="'?streamName=' + v[0]" :class="{ attivo: v[0] === telecamera }">{{ v[1] }}</a></nav>
      </header>
      <main>
        <el-breadcrumb separator="/"><el-breadcrumb-item>Servizi</el-breadcrumb-item><el-breadcrumb-item>Telecamere</el-breadcrumb-item>
          <el-breadcrumb-item>{{ titolo }}</el-breadcrumb-item></el-breadcrumb>
        <h2>In diretta</h2>
        <div class="diretta">
          <figure v-for="f in ultime" :key="f.grande"><img :src="f.grande" :alt="titolo"><figcaption>{{ f.data }} {{ f.ora }}</figcaption></figure>
        </div>
        <h2 id="camera-history">Archivio immagini</h2>
        <el-form inline class="ricerca" @submit.prevent>
          <el-form-item label="Giorno">
            <el-date-picker v-model="scelto" type="date" format="DD/MM/YYYY" value-format="DD/MM/YYYY" placeholder="Selezionare il giorno"
              show-week-number :clearable="false" :disabled-date="fuoriIntervallo"></el-date-picker>
          </el-form-item>
          <el-form-item><el-button type="primary" :loading="inCorso" @click="mostra">Mostra</el-button></el-form-item>
        </el-form>
        <archivio-telecamera :giorno="giorno" :richiesta="richiesta" @finito="inCorso = false"></archivio-telecamera>
      </main>
      <footer>Orari locali del terminal (America/Los_Angeles). Versione 3.4.1-RC2</footer>`,
  });
  app.config.compilerOptions.isCustomElement = (tag) => tag === 'archivio-telecamera';
  app.use(ElementPlus, { locale }).mount('#portlet-telecamere');
})();

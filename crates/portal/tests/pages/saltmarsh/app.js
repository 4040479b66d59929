const { createApp, ref, reactive, computed, watch, onMounted, onBeforeUnmount } = Vue;
const meta = (name) => document.querySelector(`meta[name="portail:${name}"]`).content;
const MEDIAS = meta('medias');
const FUSEAU_MEDIAS = meta('fuseau-medias');
const FUSEAU = 'America/Los_Angeles';
const CAMERAS = [{ value: 'in_gate', label: 'Entrée' }, { value: 'out_gate', label: 'Sortie' }];
const QUARTS = ['0 – 4 h', '4 – 8 h', '8 – 12 h', '12 – 16 h', '16 – 20 h', '20 – 24 h'];

/* ---------- heures ---------- */
const horloge = (timeZone) => new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
const horloges = { UTC: horloge('UTC'), [FUSEAU]: horloge(FUSEAU) };
const heure = (s, zone = FUSEAU) => horloges[zone].format(s * 1000).replace(' ', 'T');
const decalage = (s) => (Date.parse(`${heure(s)}Z`) / 1000 - s) / 3600; // -7 ou -8
const aujourdhui = () => heure(Date.now() / 1000).slice(0, 10);
const plusJours = (jour, n) => new Date(Date.parse(jour) + n * 864e5).toISOString().slice(0, 10);
const enClair = (jour) => new Intl.DateTimeFormat('fr-FR', { timeZone: 'UTC', dateStyle: 'full' }).format(Date.parse(jour));

/* ---------- fil binaire (protobuf délimité) ---------- */
function varint(o, i) {
  let n = 0;
  for (let d = 0; i < o.length; d += 7) {
    const b = o[i++];
    n += (b & 127) * 2 ** d;
    if (b < 128) return [n, i];
  }
  return null; // pas encore tout reçu
}
function champs(o) {
  const r = {};
  for (let i = 0; i < o.length;) {
    let cle, v;
    [cle, i] = varint(o, i);
    if ((cle & 7) === 0) [v, i] = varint(o, i);
    else if ((cle & 7) === 5) { v = new DataView(o.buffer, o.byteOffset + i, 4).getUint32(0, true); i += 4; }
    else { let n; [n, i] = varint(o, i); v = o.subarray(i, i + n); i += n; }
    r[cle >> 3] = v;
  }
  return r;
}
async function* messages(flux) {
  let tampon = new Uint8Array(0);
  const lecteur = flux.getReader();
  for (;;) {
    const { value, done } = await lecteur.read();
    if (done) break;
    const tout = new Uint8Array(tampon.length + value.length);
    tout.set(tampon); tout.set(value, tampon.length);
    tampon = tout;
    for (let tete; (tete = varint(tampon, 0)) && tete[1] + tete[0] <= tampon.length;) {
      yield champs(tampon.slice(tete[1], tete[1] + tete[0]));
      tampon = tampon.slice(tete[1] + tete[0]);
    }
  }
  if (tampon.length) throw new Error('réponse incomplète');
}
function versImage(camera, octets) {
  const { 1: instant, 2: forme = 0 } = champs(octets);
  const t = heure(instant, FUSEAU_MEDIAS);
  const nom = `${MEDIAS}/${t.slice(0, 10)}/${+t.slice(11, 13)}/${forme === 2 ? instant * 1000 : t}-${camera}`;
  const ext = forme === 1 ? '.jpg' : '.jpeg';
  const local = heure(instant);
  return { instant, jour: local.slice(0, 10), heure: local.slice(11), grande: nom + ext, vignette: `${nom}-thumbnail${ext}` };
}
const listeQuarts = (octets) => { const r = []; for (let i = 0, v; i < octets.length;) { [v, i] = varint(octets, i); r.push(v); } return r; };

const gabarit = `
<el-config-provider :locale="langue">
  <header class="bandeau">
    <span class="marque"><i></i>Saltmarsh</span>
    <span class="fil">Terminaux / Los Angeles / <b>APM Pier 400</b></span>
    <el-radio-group v-model="camera" size="small">
      <el-radio-button v-for="c in cameras" :key="c.value" :value="c.value">{{ c.label }}</el-radio-button>
    </el-radio-group>
  </header>
  <main>
    <section class="carte direct" aria-label="En direct">
      <div class="titre"><h2>En direct</h2>
        <el-tag size="small" :type="connecte ? 'success' : 'info'" effect="plain">{{ connecte ? 'connecté' : 'hors ligne' }}</el-tag>
        <small v-if="direct.length">dernière image à {{ direct[0].heure }}</small></div>
      <div class="mosaique">
        <figure v-for="(p, i) in direct" :key="p.instant" :class="{ une: i === 0 }">
          <el-image :src="p.grande" fit="cover" :alt="'Caméra ' + nomCamera"></el-image>
          <figcaption>{{ p.heure }}</figcaption>
        </figure>
        <el-skeleton v-if="!direct.length" animated class="une"><template #template><el-skeleton-item variant="image" class="plein" /></template></el-skeleton>
      </div>
    </section>

    <section class="carte" id="camera-history">
      <div class="titre"><h2>Historique</h2>
        <small v-if="affiche">{{ enClair(affiche.jour) }} · {{ total }} image{{ total > 1 ? 's' : '' }}</small></div>
      <div class="outils">
        <el-button size="small" :disabled="jour <= '2024-01-01'" aria-label="Jour précédent" @click="jour = plusJours(jour, -1)">‹</el-button>
        <el-date-picker v-model="jour" type="date" size="small" placeholder="Choisir un jour" format="DD/MM/YYYY" value-format="YYYY-MM-DD"
          :clearable="false" :disabled-date="horsPeriode"></el-date-picker>
        <el-button size="small" :disabled="jour >= aujourdhui()" aria-label="Jour suivant" @click="jour = plusJours(jour, 1)">›</el-button>
        <el-segmented v-model="quart" :options="options" size="small" aria-label="Tranche horaire">
          <template #default="{ item }"><span class="quart">{{ item.label }}<b v-if="affiche">{{ affiche.comptes[item.value] }}</b></span></template>
        </el-segmented>
        <label class="taille">Taille<el-slider v-model="taille" :min="96" :max="240" size="small" :show-tooltip="false"></el-slider></label>
      </div>
      <div class="panneau" ref="panneau" v-loading="occupe" :style="{ '--taille': taille + 'px' }">
        <el-result v-if="erreur" icon="error" title="Historique indisponible" :sub-title="erreur">
          <template #extra><el-button type="primary" size="small" @click="charger">Réessayer</el-button></template>
        </el-result>
        <template v-else-if="affiche">
          <el-empty v-if="!total" :image-size="80" :description="'Aucune image pour le ' + enClair(affiche.jour)"></el-empty>
          <p v-else-if="!affiche.comptes[affiche.quart]" class="creux">Aucune image entre {{ quarts[affiche.quart].replace(' – ', ' et ') }}.
            Les autres tranches de la journée en contiennent {{ total }}.</p>
          <div v-if="total" v-for="g in groupes" :key="g.cle" class="heure">
            <h4>{{ g.titre }}</h4>
            <div class="grille">
              <button v-for="p in g.images" :key="p.instant" type="button" class="vignette" :class="{ voisine: p.jour !== affiche.jour }" @click="ouverte = p">
                <el-image :src="p.vignette" lazy fit="cover">
                  <template #placeholder><el-skeleton-item variant="image" class="plein" /></template>
                  <template #error><span class="casse">illisible</span></template>
                </el-image>
                <time :datetime="new Date(p.instant * 1000).toISOString()">{{ p.heure }}</time>
              </button>
            </div>
          </div>
        </template>
      </div>
    </section>
  </main>
  <footer>Heures de Los Angeles. Images fournies à titre indicatif, sans garantie de disponibilité.</footer>

  <el-dialog :model-value="!!ouverte" width="860" :title="ouverte ? enClair(ouverte.jour) + ', ' + ouverte.heure : ''" destroy-on-close @close="ouverte = null">
    <template v-if="ouverte">
      <el-image :src="ouverte.grande" fit="contain" class="grande"></el-image>
      <div class="pied"><el-button size="small" :disabled="!voisin(-1)" @click="ouverte = voisin(-1)">Précédente</el-button>
        <a :href="ouverte.grande" target="_blank" rel="noopener">Ouvrir l'original</a>
        <el-button size="small" :disabled="!voisin(1)" @click="ouverte = voisin(1)">Suivante</el-button></div>
    </template>
  </el-dialog>
</el-config-provider>`;

createApp({
  template: gabarit,
  setup() {
    const demandee = new URLSearchParams(location.search).get('streamName');
    const camera = ref(CAMERAS.some((c) => c.value === demandee) ? demandee : 'in_gate');
    const jour = ref(aujourdhui());
    const quart = ref(Math.floor(+heure(Date.now() / 1000).slice(11, 13) / 4));
    const affiche = ref(null); // { jour, quart, comptes, images } : ce que le panneau montre
    const occupe = ref(false), erreur = ref(''), ouverte = ref(null), taille = ref(136);
    const direct = ref([]), connecte = ref(false), panneau = ref(null);
    const cache = new Map(); // tranches déjà lues en entier, sauf celles d'aujourd'hui

    /* ----- historique : une requête par tranche de quatre heures ----- */
    let encours = null;
    async function charger() {
      encours?.abort();
      const arret = (encours = new AbortController());
      const adresse = `/flux/releve/${camera.value}/${Date.parse(jour.value) / 864e5}/${quart.value}`;
      erreur.value = '';
      if (cache.has(adresse)) { affiche.value = cache.get(adresse); occupe.value = false; return; }
      const cible = { camera: camera.value, jour: jour.value, quart: quart.value };
      occupe.value = true;
      try {
        const rep = await fetch(adresse, { signal: arret.signal, headers: { accept: 'application/x-protobuf' } });
        if (!rep.ok) throw new Error(`le service a répondu ${rep.status}`);
        let lot = null;
        for await (const { 1: sommaire, 2: photo } of messages(rep.body)) {
          if (arret.signal.aborted) return;
          if (sommaire) {
            affiche.value = lot = reactive({ ...cible, comptes: listeQuarts(champs(sommaire)[3]), images: [] });
            if (panneau.value) panneau.value.scrollTop = 0;
          }
          else if (photo) lot.images.push(versImage(cible.camera, photo));
        }
        if (cible.jour !== aujourdhui()) cache.set(adresse, lot);
      } catch (e) {
        if (arret.signal.aborted) return;
        affiche.value = null;
        erreur.value = `Les images n'ont pas pu être lues (${e.message}).`;
      }
      occupe.value = false;
    }
    watch([jour, quart, camera], charger);

    const total = computed(() => affiche.value?.comptes.reduce((a, b) => a + b, 0) ?? 0);
    const groupes = computed(() => {
      const r = new Map();
      const { images, jour: j } = affiche.value;
      const double = new Set(images.filter((p) => p.jour === j && p.heure.startsWith('01')).map((p) => decalage(p.instant))).size > 1;
      for (const p of images) {
        const h = +p.heure.slice(0, 2);
        const quel = p.jour < j ? 'Veille, ' : p.jour > j ? 'Lendemain, ' : '';
        const suffixe = double && h === 1 ? (decalage(p.instant) === -7 ? ' (heure d’été)' : ' (heure d’hiver)') : '';
        const titre = `${quel}${h} h${suffixe}`;
        if (!r.has(titre)) r.set(titre, { cle: `${j} ${titre}`, titre, images: [] });
        r.get(titre).images.push(p);
      }
      return [...r.values()];
    });
    const voisin = (n) => affiche.value?.images[affiche.value.images.indexOf(ouverte.value) + n];

    /* ----- direct : le serveur pousse chaque nouvelle image ----- */
    let prise = null;
    function brancher() {
      const moi = camera.value;
      const ws = (prise = new WebSocket(`${location.origin.replace('http', 'ws')}/flux/direct/${moi}`));
      ws.binaryType = 'arraybuffer';
      ws.onopen = () => { if (ws === prise) connecte.value = true; };
      ws.onmessage = ({ data }) => {
        if (ws !== prise) return;
        const p = versImage(moi, champs(new Uint8Array(data))[2]);
        if (direct.value.some((q) => q.instant === p.instant)) return;
        direct.value = [p, ...direct.value].slice(0, 3);
        const a = affiche.value; // l'historique du jour s'allonge tout seul
        const q = Math.floor(+p.heure.slice(0, 2) / 4);
        if (a && !occupe.value && a.camera === moi && a.jour === p.jour && !a.images.some((x) => x.instant >= p.instant)) {
          if (a.quart === q) { a.images.push(p); a.comptes[q] += 1; }
        }
      };
      ws.onclose = () => { if (ws === prise) { connecte.value = false; setTimeout(() => ws === prise && brancher(), 5000); } };
    }
    watch(camera, (c) => {
      const u = new URL(location.href);
      u.searchParams.set('streamName', c);
      history.replaceState(null, '', u);
      const ancienne = prise;
      direct.value = []; connecte.value = false;
      brancher();
      ancienne.close();
    });
    onMounted(() => { brancher(); charger(); });
    onBeforeUnmount(() => { const p = prise; prise = null; p?.close(); });

    const horsPeriode = (d) => { const j = ElementPlus.dayjs(d).format('YYYY-MM-DD'); return j < '2024-01-01' || j > aujourdhui(); };
    return { langue: ElementPlusLocaleFr, cameras: CAMERAS, quarts: QUARTS, options: QUARTS.map((label, value) => ({ label, value })),
      camera, jour, quart, affiche, occupe, erreur, ouverte, taille, direct, connecte, panneau, total, groupes, voisin, charger, horsPeriode,
      enClair, plusJours, aujourdhui, nomCamera: computed(() => CAMERAS.find((c) => c.value === camera.value).label) };
  },
}).use(ElementPlus, { locale: ElementPlusLocaleFr }).mount('#app');

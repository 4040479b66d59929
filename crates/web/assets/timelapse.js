// Plays the frames of a stretch: they are loaded ahead, a bounded number at a time, and drawn when their time has come. What comes too
// late is waited for; what the screen is too slow for is left out.

const player = document.getElementById('player');
if (player) start();

function start() {
  const $ = (id) => document.getElementById(id);
  const screen = $('screen');
  const pen = screen.getContext('2d');
  const zone = player.dataset.zone;
  const form = (options) => new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...options });
  const words = form({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const hour = form({ hour: 'numeric', hourCycle: 'h23' });
  const date = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const BAD = new Set(['frozen', 'placeholder', 'blank', 'dark']);
  const GAP = 25 * 60 * 1000;
  const MOST = 120;

  let all = [];
  let frames = [];
  let at = 0;
  let shown = null;
  let playing = false;
  let due = 0;
  const pictures = new Map();

  const fps = () => Number($('fps').value);
  const say = (text) => {
    $('told').textContent = text;
    $('told').hidden = text === '';
  };

  function address(frame) {
    const wide = screen.clientWidth * devicePixelRatio;
    if (wide <= 380) return frame.thumbnails['320'];
    return wide <= 760 || (playing && fps() > 15) ? frame.thumbnails['640'] : frame.file;
  }

  // A picture that is on its way or there; the oldest go, so that a month takes no more memory than an hour.
  function picture(frame) {
    const url = address(frame);
    let one = pictures.get(url);
    if (!one) {
      const image = new Image();
      image.src = url;
      one = { image, state: 'loading' };
      one.done = image.decode().then(() => { one.state = 'ready'; }, () => { one.state = 'failed'; });
      pictures.set(url, one);
      while (pictures.size > MOST) pictures.delete(pictures.keys().next().value);
    }
    return one;
  }

  function ahead() {
    const number = Math.min(MOST / 2, Math.max(6, fps() * 2));
    for (let nth = at; nth < Math.min(frames.length, at + number); nth += 1) picture(frames[nth]);
  }

  function tell(frame) {
    const instant = new Date(frame.time);
    const local = words.format(instant);
    $('when').dateTime = frame.time;
    $('when').textContent = local;
    $('when').title = `${frame.time.slice(0, 19).replace('T', ' ')} UTC`;
    $('open').href = `${player.dataset.day}/${date.format(instant)}/${frame.id}`;
    $('place').textContent = `${at + 1} of ${frames.length}`;
    $('scrub').value = at;
    $('scrub').setAttribute('aria-valuetext', local);
    screen.setAttribute('aria-label', `Frame of ${frame.camera}, ${local}`);
  }

  function draw(one) {
    const { naturalWidth: width, naturalHeight: height } = one.image;
    if (screen.width !== width || screen.height !== height) {
      screen.width = width;
      screen.height = height;
    }
    pen.drawImage(one.image, 0, 0);
  }

  // Shows the frame at this place, at once or as soon as it is there.
  function show(place) {
    if (frames.length === 0) return;
    at = Math.max(0, Math.min(frames.length - 1, place));
    const frame = frames[at];
    tell(frame);
    ahead();
    const one = picture(frame);
    one.done.then(() => {
      if (frames[at] !== frame) return;
      if (one.state === 'ready') {
        draw(one);
        shown = frame.id;
        screen.dataset.shown = frame.id;
        say('');
      } else say('This picture cannot be shown.');
    });
  }

  function stop() {
    playing = false;
    $('play').textContent = 'Play';
  }

  function play() {
    if (frames.length < 2) return;
    if (at >= frames.length - 1) show(0);
    playing = true;
    due = performance.now();
    $('play').textContent = 'Pause';
    requestAnimationFrame(turn);
  }

  function turn(moment) {
    if (!playing) return;
    const each = 1000 / fps();
    if (moment >= due) {
      const one = picture(frames[at]);
      if (one.state === 'loading') {
        say('Loading …');
        due = moment;
      } else if (at >= frames.length - 1) {
        if (!$('loop').checked) return stop();
        due = moment + each;
        show(0);
      } else {
        const steps = Math.max(1, Math.min(10, Math.round((moment - due) / each) + 1));
        due = Math.max(due + steps * each, moment);
        show(at + steps);
      }
    }
    requestAnimationFrame(turn);
  }

  function marks() {
    const shapes = [];
    for (let nth = 1; nth < frames.length; nth += 1) {
      if (frames[nth].at - frames[nth - 1].at <= GAP) continue;
      const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
      rect.setAttribute('x', ((nth - 0.5) / Math.max(1, frames.length - 1)) * 1000 - 1.5);
      rect.setAttribute('width', 3);
      rect.setAttribute('height', 6);
      shapes.push(rect);
    }
    $('gaps').replaceChildren(...shapes);
    $('gaps').setAttribute('aria-label', `${shapes.length} gaps of more than two slots`);
  }

  // By what is skipped; the moment that is shown stays.
  function choose() {
    const moment = frames[at]?.at ?? 0;
    const isNight = (frame) => {
      const of = Number(hour.format(frame.at));
      return of >= 20 || of < 6;
    };
    frames = all.filter((frame) => !($('bad').checked && BAD.has(frame.verdict)) && !($('nights').checked && isNight(frame)));
    $('scrub').max = Math.max(0, frames.length - 1);
    marks();
    if (frames.length === 0) {
      stop();
      say(all.length === 0 ? 'There is no frame in this stretch.' : 'Every frame of this stretch is skipped.');
      return;
    }
    const next = frames.findIndex((frame) => frame.at >= moment);
    show(next < 0 ? frames.length - 1 : next);
  }

  async function load() {
    let next = null;
    do {
      const url = player.dataset.list + (next ? `&cursor=${next}` : '');
      const answer = await fetch(url, { headers: { accept: 'application/json' } });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = await answer.json();
      for (const item of page.items) if (item.time) all.push({ ...item, at: Date.parse(item.time) });
      say(`Looking for frames: ${all.length} so far …`);
      next = page.next;
    } while (next);
  }

  $('play').addEventListener('click', () => (playing ? stop() : play()));
  $('scrub').addEventListener('input', () => {
    stop();
    show(Number($('scrub').value));
  });
  $('fps').addEventListener('input', () => {
    $('rate').value = fps();
    due = performance.now();
  });
  $('bad').addEventListener('change', choose);
  $('nights').addEventListener('change', choose);
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest('button, a, select, summary, input:not([type=range])')) return;
    if (event.key === ' ') {
      event.preventDefault();
      playing ? stop() : play();
    } else if (event.key === '+' || event.key === '-') {
      $('fps').value = fps() + (event.key === '+' ? 1 : -1);
      $('fps').dispatchEvent(new Event('input'));
    }
  });

  player.hidden = false;
  load().then(choose, () => say('The frames cannot be listed: the server does not answer as it should.'));
}

// Has the server make a video of the stretch that is played, tells how far it is, and hands over the file. What is skipped and how fast
// it is played, the player's own controls say.

const maker = document.getElementById('maker');
const command = document.getElementById('command');
if (command) same();
if (maker) start();

// The command that makes the film that is chosen.
function same() {
  const $ = (id) => document.getElementById(id);
  const [begin] = command.textContent.split(' --fps ');
  const [output] = command.textContent.match(/ --output .*(?=\.)/);

  function write() {
    const skipped = $('bad').checked ? ' --skip frozen --skip placeholder --skip blank --skip dark' : ' --all';
    const nights = $('nights').checked ? ' --by-day' : '';
    command.textContent = `${begin} --fps ${$('fps').value}${skipped}${nights}${output}.${$('form')?.value ?? 'mp4'}`;
  }

  for (const id of ['bad', 'nights', 'form']) $(id)?.addEventListener('change', write);
  $('fps').addEventListener('input', write);
  write();
}

function start() {
  const $ = (id) => document.getElementById(id);
  const { videos, session, camera, from, to } = maker.dataset;
  let video = null;

  const say = (text) => {
    $('how').textContent = text;
  };

  // What changes something takes what only a page of ours is told.
  async function ask(method, address, body) {
    const headers = { accept: 'application/json' };
    if (method !== 'GET') {
      const who = await (await fetch(session, { headers })).json();
      if (who.csrf) headers['x-csrf-token'] = who.csrf;
      headers['content-type'] = 'application/json';
    }
    const answer = await fetch(address, { method, headers, body: body && JSON.stringify(body) });
    const told = answer.status === 204 ? null : await answer.json();
    if (!answer.ok) throw new Error(told?.detail ?? `the server answered ${answer.status}`);
    return told;
  }

  function size(bytes) {
    return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  }

  function busy(is) {
    $('make').disabled = is;
    $('stop').hidden = !is;
    $('made').hidden = !is;
  }

  function ended(text) {
    video = null;
    busy(false);
    say(text);
  }

  function tell(told) {
    if (told.state === 'done') {
      const without = told.left_out > 0 ? `, without ${told.left_out} that cannot be read` : '';
      $('fetch').href = told.file;
      $('fetch').hidden = false;
      ended(`${told.total} frames, ${size(told.bytes)}${without}`);
      $('fetch').focus();
    } else if (told.state === 'failed') ended(`It failed: ${told.problem}`);
    else if (told.state === 'waiting') say('Waiting for its turn …');
    else {
      $('made').value = told.done / Math.max(1, told.total);
      say(`${told.done} of ${told.total} frames`);
    }
  }

  async function watch(id) {
    while (video === id) {
      await new Promise((next) => setTimeout(next, 400));
      if (video !== id) return;
      const told = await ask('GET', `${videos}/${id}`);
      if (video === id) tell(told);
    }
  }

  $('make').addEventListener('click', async () => {
    $('fetch').hidden = true;
    $('made').value = 0;
    busy(true);
    say('');
    try {
      const told = await ask('POST', videos, {
        camera,
        from,
        to,
        fps: Number($('fps').value),
        form: $('form').value,
        skip_bad: $('bad').checked,
        skip_nights: $('nights').checked,
      });
      video = told.id;
      await watch(told.id);
    } catch (error) {
      ended(`It failed: ${error.message}`);
    }
  });

  $('stop').addEventListener('click', async () => {
    const id = video;
    ended('Stopped.');
    if (id) await ask('DELETE', `${videos}/${id}`).catch(() => {});
  });

  maker.hidden = false;
}

// The large view by keyboard, wheel and pointer. Everything else are links.

const MOST = 12;
const stages = [...document.querySelectorAll('.stage')];
const fit = document.getElementById('fit');
let scale = 1;
let x = 0;
let y = 0;

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// All pictures show the same part, so that two cameras can be compared.
function draw() {
  const reach = (scale - 1) / 2;
  x = clamp(x, -reach, reach);
  y = clamp(y, -reach, reach);
  for (const stage of stages) {
    const picture = stage.querySelector('img');
    picture.style.transform = scale === 1 ? '' : `translate(${x * 100}%, ${y * 100}%) scale(${scale})`;
    stage.classList.toggle('is-zoomed', scale > 1);
  }
  fit.textContent = scale === 1 ? 'Fit' : `${Math.round(scale * 100)} %`;
}

// The point at (left, top), as shares of the stage from its middle, stays where it is.
function zoom(factor, left = 0, top = 0) {
  const next = clamp(scale * factor, 1, MOST);
  x = left - ((left - x) * next) / scale;
  y = top - ((top - y) * next) / scale;
  scale = next;
  draw();
}

function reset() {
  scale = 1;
  draw();
}

function place(stage, event) {
  const box = stage.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width - 0.5, (event.clientY - box.top) / box.height - 0.5];
}

for (const stage of stages) {
  stage.addEventListener('wheel', (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 400), ...place(stage, event));
  }, { passive: false });
  stage.addEventListener('dblclick', (event) => (scale > 1 ? reset() : zoom(3, ...place(stage, event))));
  stage.addEventListener('pointerdown', (event) => {
    if (scale > 1) stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener('pointermove', (event) => {
    if (!stage.hasPointerCapture(event.pointerId)) return;
    const box = stage.getBoundingClientRect();
    x += event.movementX / box.width;
    y += event.movementY / box.height;
    draw();
  });
}

function follow(id) {
  document.getElementById(id)?.click();
}

function pan(event, left, top) {
  x += left / 8;
  y += top / 8;
  draw();
  event.preventDefault();
}

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea')) return;
  const isZoomed = scale > 1 && event.shiftKey;
  switch (event.key) {
    case 'ArrowLeft': return isZoomed ? pan(event, 1, 0) : follow('before');
    case 'ArrowRight': return isZoomed ? pan(event, -1, 0) : follow('after');
    case 'ArrowUp': return isZoomed ? pan(event, 0, 1) : undefined;
    case 'ArrowDown': return isZoomed ? pan(event, 0, -1) : undefined;
    case '+': case '=': return zoom(1.5);
    case '-': return zoom(1 / 1.5);
    case '0': return reset();
    case 'Escape': return scale > 1 ? reset() : follow('close');
  }
});

document.getElementById('less').addEventListener('click', () => zoom(1 / 1.5));
document.getElementById('more').addEventListener('click', () => zoom(1.5));
fit.addEventListener('click', reset);
document.getElementById('zoom').hidden = false;

const permalink = document.getElementById('permalink');
permalink.addEventListener('click', async (event) => {
  if (!navigator.clipboard) return;
  event.preventDefault();
  try {
    await navigator.clipboard.writeText(permalink.href);
    permalink.textContent = 'Copied';
  } catch {
    location.assign(permalink.href);
  }
});

// The neighbours' pictures, once this one is here.
const large = stages[0].querySelector('img');
large.decode().catch(() => {}).then(() => {
  for (const one of document.querySelectorAll('[data-file]')) new Image().src = one.dataset.file;
});

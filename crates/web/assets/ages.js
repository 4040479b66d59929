// Keeps "5 min ago" current, by the server's clock. Other modules import `now`.

const offset = Number(document.body.dataset.now) - Date.now();

/** The server's time in milliseconds. */
export const now = () => Date.now() + offset;

function length(seconds) {
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  if (days > 0) return `${days} day${days > 1 ? 's' : ''}${hours > 0 && days < 7 ? ` ${hours} h` : ''}`;
  if (hours > 0) return `${hours} h${minutes > 0 ? ` ${minutes} min` : ''}`;
  return minutes > 0 ? `${minutes} min` : `${seconds} s`;
}

/** Writes all ages anew. */
export function refresh() {
  for (const one of document.querySelectorAll('[data-age]')) {
    const seconds = Math.floor((now() - Date.parse(one.dateTime)) / 1000);
    const text = seconds < 5 ? 'just now' : `${length(seconds)} ago`;
    if (one.textContent !== text) one.textContent = text;
  }
}

setInterval(refresh, 1000);
refresh();

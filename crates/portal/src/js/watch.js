// Owns the log of what the page asks for and what it is answered. Injected at document start; must not touch the page.
(() => {
  if (window.__draywatch) return;
  const LONGEST_BODY = 20_000_000;
  const state = { log: [], phase: 0, sequence: 0, lastChange: performance.now(), fresh: 0 };
  window.__draywatch = state;

  const textual = (type) => !/^(image|video|audio|font)\/|event-stream|javascript|text\/css|wasm/i.test(type || '');
  const begin = (kind, method, url, request) => {
    const entry = {
      id: ++state.sequence, kind, method: String(method || 'GET').toUpperCase(), url: String(url),
      request: request || '', phase: state.phase, start: performance.now(), end: null, status: 0, body: null, error: null, retryAfter: null,
    };
    try { entry.url = new URL(entry.url, document.baseURI).href; } catch { /* kept as it is */ }
    state.log.push(entry);
    return entry;
  };
  const finish = (entry, body, error) => {
    if (entry.end !== null) return;
    entry.body = typeof body === 'string' && body.length <= LONGEST_BODY ? body : null;
    entry.error = error ? String(error) : null;
    entry.end = performance.now();
  };
  const spell = (body) => {
    if (body == null) return '';
    if (typeof body === 'string') return body;
    if (body instanceof URLSearchParams) return body.toString();
    if (body instanceof FormData) return [...body].map(([k, v]) => `${k}=${typeof v === 'string' ? v : ''}`).join('&');
    if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return new TextDecoder().decode(body);
    return '';
  };

  const ownFetch = window.fetch;
  if (ownFetch) {
    window.fetch = function fetch(input, init) {
      const asked = input instanceof Request ? input : null;
      const entry = begin('fetch', init?.method || asked?.method, asked ? asked.url : input, spell(init?.body));
      if (asked && !init?.body && asked.method !== 'GET') {
        try { asked.clone().text().then((text) => { entry.request = text; }, () => {}); } catch { /* already read */ }
      }
      const answer = ownFetch.apply(this, arguments);
      answer.then((response) => {
        entry.status = response.status;
        entry.retryAfter = response.headers.get('retry-after');
        if (!textual(response.headers.get('content-type'))) return finish(entry, null);
        return response.clone().text().then((text) => finish(entry, text), (error) => finish(entry, null, error));
      }, (error) => finish(entry, null, error)).catch((error) => finish(entry, null, error));
      return answer;
    };
  }

  const open = XMLHttpRequest.prototype.open;
  const send = XMLHttpRequest.prototype.send;
  const asked = new WeakMap();
  XMLHttpRequest.prototype.open = function (method, url) {
    asked.set(this, { method, url });
    return open.apply(this, arguments);
  };
  XMLHttpRequest.prototype.send = function (body) {
    const { method, url } = asked.get(this) || {};
    const entry = begin('xhr', method, url, spell(body));
    let isBrokenOff = false;
    this.addEventListener('abort', () => { isBrokenOff = true; });
    this.addEventListener('loadend', () => {
      entry.status = this.status;
      entry.retryAfter = /^retry-after: *(.+)$/im.exec(this.getAllResponseHeaders())?.[1] || null;
      try {
        const text = this.responseType === '' || this.responseType === 'text' ? this.responseText
          : this.responseType === 'json' ? JSON.stringify(this.response)
            : this.responseType === 'arraybuffer' && this.response ? new TextDecoder().decode(this.response) : null;
        finish(entry, text, isBrokenOff ? 'AbortError: the page broke it off' : this.status === 0 ? 'the request failed' : null);
      } catch (error) { finish(entry, null, error); }
    });
    return send.apply(this, arguments);
  };

  // Pushed messages are answers without a request: each counts for itself.
  const listen = (source) => source.addEventListener('message', ({ data }) => {
    if (typeof data !== 'string') return;
    const entry = begin('push', 'MESSAGE', source.url, `#${state.sequence}`);
    entry.status = 200;
    finish(entry, data);
  });
  for (const name of ['WebSocket', 'EventSource']) {
    const Own = window[name];
    if (!Own) continue;
    window[name] = { [name]: class extends Own { constructor(...args) { super(...args); listen(this); } } }[name];
  }

  const observe = () => new MutationObserver(() => { state.lastChange = performance.now(); })
    .observe(document, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['src', 'style', 'class', 'hidden', 'disabled'] });
  observe();
})();

'use strict';

// A check takes its card, shows what it saw in it and returns whether that is right.
const checks = {};
const card = name => document.querySelector(`[data-check="${name}"]`);
const field = (name, key) => card(name).querySelector('form').elements[key];

const element = (tag, textContent = '', className = '') =>
  Object.assign(document.createElement(tag), {textContent, className});

const milliseconds = ms => (ms < 10 ? ms.toFixed(1) : Math.round(ms)) + ' ms';
const size = bytes => {
  let unit = 0;
  for (; bytes >= 1024 && unit < 3; ++unit) bytes /= 1024;
  return (unit && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)) + ' ' + ['B', 'KiB', 'MiB', 'GiB'][unit];
};
const pretty = text => {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
};

// What every card shows of an exchange: its status, its time, its request ID.
function facts(at, status, ms, id) {
  const [first, second, third] = at.querySelectorAll('.facts dd');
  first.textContent = status;
  second.textContent = milliseconds(ms);
  third.textContent = third.title = id || 'not visible here';
}

function show(at, ...content) {
  at.querySelector('.answer').replaceChildren(...content);
}

async function ask(at, path, options) {
  const begun = performance.now();
  const answer = await fetch(path, {cache: 'no-store', ...options});
  const text = await answer.text();
  facts(at, answer.status, performance.now() - begun, answer.headers.get('X-Request-Id'));
  return {status: answer.status, text};
}

checks.health = async at => {
  const {status, text} = await ask(at, '/api/health');
  show(at, pretty(text));
  return status === 200 && JSON.parse(text).status === 'ok';
};

checks.products = async at => {
  const {status, text} = await ask(at, '/api/products');
  const rows = element('div', '', 'rows');
  const products = JSON.parse(text);
  for (const one of products) {
    const price = one.price.toLocaleString([], {style: 'currency', currency: one.currency});
    rows.append(element('span', one.name), element('span', price),
      element('span', one.in_stock || 'sold out', one.in_stock ? '' : 'none'));
  }
  show(at, rows);
  return status === 200 && products.length > 0;
};

const is_added = name => /^(x-(forwarded|real|request)-|via$|forwarded$)/i.test(name);

checks.echo = async at => {
  const method = field('echo', 'method').value;
  const text = method === 'GET' ? '' : field('echo', 'text').value;
  const head = await (await fetch('/api/echo', {cache: 'no-store'})).json();
  const answer = await ask(at, '/api/echo', text ? {method, body: text} : {method});
  const same = answer.status === 200 && (!text || answer.text === text);
  const list = element('dl', '', 'fields');
  const all = Object.entries(head.headers).sort(([a], [b]) => is_added(b) - is_added(a));
  for (const [name, value] of all) {
    const row = element('div', '', is_added(name) ? 'added' : '');
    row.append(element('dt', name), element('dd', value));
    list.append(row);
  }
  const verdict = !text ? 'The backend saw this head:' :
    same ? `“${text.slice(0, 60)}” came back unchanged. The backend saw:` : 'What came back differs.';
  show(at, element('span', verdict), list);
  return same;
};

let listening = null;

// Until `enough` events have come, or until somebody presses Stop.
async function listen(at, enough) {
  const button = at.querySelector('button');
  const log = at.querySelector('.answer');
  const mine = listening = new AbortController();
  button.textContent = 'Stop';
  let seen = 0;
  try {
    const begun = performance.now();
    const answer = await fetch('/api/events', {signal: mine.signal});
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '', last = 0;
    show(at);
    while (seen < enough) {
      const {done, value} = await reader.read();
      if (done) return false;
      const events = (rest + value).split('\n\n');
      rest = events.pop();
      for (const event of events) {
        const now = performance.now();
        const id = /^id: (.*)$/m.exec(event)[1];
        const line = `event ${id}` + (last ? `, ${Math.round(now - last)} ms later` : '');
        log.prepend(line + '\n');
        if (log.childNodes.length > 50) log.lastChild.remove();
        facts(at, answer.status, now - begun, answer.headers.get('X-Request-Id'));
        last = now;
        ++seen;
      }
      if (seen && enough === Infinity) settle(at, true);
    }
    return true;
  } catch (problem) {
    if (mine.signal.aborted) return seen > 0;
    throw problem;
  } finally {
    mine.abort();
    if (listening === mine) {
      listening = null;
      button.textContent = 'Listen';
    }
  }
}

checks.events = (at, by_hand) => {
  if (listening) listening.abort();
  return listen(at, by_hand ? Infinity : 3);
};

let socket = null;

function connected() {
  if (socket && socket.readyState === WebSocket.OPEN) return Promise.resolve(socket);
  return new Promise((done, fail) => {
    socket = new WebSocket(new URL('/api/ws', location.href.replace(/^http/, 'ws')));
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => done(socket);
    socket.onerror = () => fail(new Error('the WebSocket could not be opened'));
  });
}

function round_trip(message) {
  return new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error('no echo within ten seconds')), 10000);
    socket.onclose = () => fail(new Error('the WebSocket was closed'));
    socket.onmessage = event => { clearTimeout(late); done(event.data); };
    socket.send(message);
  });
}

checks.ws = async at => {
  const text = field('ws', 'text').value;
  await connected();
  const begun = performance.now();
  const back = await round_trip(text);
  facts(at, 101, performance.now() - begun, '');
  const bytes = crypto.getRandomValues(new Uint8Array(4096));
  const bytes_back = new Uint8Array(await round_trip(bytes));
  const same = bytes_back.length === bytes.length && bytes_back.every((b, i) => b === bytes[i]);
  at.querySelector('.answer').prepend(
    `↑ ${text}\n↓ ${back}\n↑ 4 KiB of random bytes\n↓ ${same ? 'the same' : 'different'} ${size(bytes_back.length)}\n\n`);
  return back === text && same;
};

checks.slow = async at => {
  const ms = Number(field('slow', 'ms').value);
  const begun = performance.now();
  show(at, `waiting ${ms} ms …`);
  const {status, text} = await ask(at, `/api/slow?ms=${ms}`);
  show(at, pretty(text));
  return status === 200 && performance.now() - begun >= ms - 1;
};

checks.status = async at => {
  const wanted = Number(field('status', 'status').value);
  const {status, text} = await ask(at, `/api/status/${wanted}`);
  show(at, text ? pretty(text) : 'no body, as it must be');
  return status === wanted;
};

checks.route = async at => {
  const {status, text} = await ask(at, '/shop/42');
  const title = /<title>(.*)<\/title>/.exec(text);
  show(at, `${size(text.length)} of HTML, titled\n“${title ? title[1] : '?'}”`);
  return status === 200 && title !== null && title[1] === document.title;
};

// XMLHttpRequest, because fetch does not tell how much of a body has gone.
function upload(at, files) {
  const bar = at.querySelector('progress');
  const form = new FormData();
  for (const file of files) form.append('file', file, file.name);
  return new Promise((done, fail) => {
    const begun = performance.now();
    const request = new XMLHttpRequest();
    request.upload.onprogress = event => { bar.value = event.loaded / event.total; };
    request.onload = () => {
      facts(at, request.status, performance.now() - begun, request.getResponseHeader('X-Request-Id'));
      done({status: request.status, text: request.responseText});
    };
    request.onerror = () => fail(new Error('the upload was cut off'));
    request.onloadend = () => { bar.hidden = true; };
    bar.value = 0;
    bar.hidden = false;
    request.open('POST', '/uploads/');
    request.send(form);
  });
}

async function list_files(at, note) {
  const {files} = await (await fetch('/uploads/', {cache: 'no-store'})).json();
  const list = element('ul', '', 'files');
  for (const file of files.reverse()) {
    const row = element('li');
    if (file.type.startsWith('image/')) {
      row.append(Object.assign(new Image(), {src: file.url, alt: ''}));
    }
    const link = Object.assign(element('a', file.name), {href: file.url, target: '_blank'});
    const remove = element('button', '×');
    remove.setAttribute('aria-label', `Remove ${file.name}`);
    remove.onclick = async () => {
      await fetch(file.url, {method: 'DELETE'});
      list_files(at, `${file.name} is gone.`);
    };
    row.append(link, element('span', size(file.bytes), 'none'), remove);
    list.append(row);
  }
  show(at, element('span', note), list);
}

async function send_files(at, files, note, verify) {
  const {status, text} = await upload(at, files);
  if (status !== 201) {
    show(at, pretty(text));
    return false;
  }
  const right = await verify(JSON.parse(text).files);
  await list_files(at, right ? note : 'What was stored differs.');
  return right;
}

checks.uploads = (at, by_hand) => {
  const chosen = [...field('uploads', 'files').files];
  if (by_hand && chosen.length) {
    return send_files(at, chosen, 'Stored.', stored =>
      stored.length === chosen.length && stored.every((one, i) => one.bytes === chosen[i].size));
  }
  const text = `Through the gateway and back, ${new Date().toISOString()}\n`;
  const note = 'Stored, and read back the same.';
  return send_files(at, [new File([text], 'hello.txt')], note, async ([stored]) =>
    await (await fetch(stored.url, {cache: 'no-store'})).text() === text);
};

function send_large(at) {
  const block = new Uint8Array(1 << 20).map((_, i) => i * 31);
  const file = new File(Array(64).fill(block), '64-MiB.bin');
  return send_files(at, [file], 'Stored.', ([stored]) => stored.bytes === file.size);
}

function settle(at, right) {
  at.dataset.state = right ? 'ok' : 'fail';
  at.querySelector('.state').textContent = right ? 'works' : 'failed';
}

async function run(at, check) {
  at.dataset.state = 'idle';
  at.setAttribute('aria-busy', 'true');
  at.querySelector('.state').textContent = 'running';
  let right = false;
  try {
    right = await check();
  } catch (problem) {
    show(at, String(problem.message || problem));
  }
  at.setAttribute('aria-busy', 'false');
  settle(at, right);
  return right;
}

async function run_everything() {
  const button = document.getElementById('run-all');
  const summary = document.getElementById('summary');
  const names = Object.keys(checks);
  let right = 0;
  delete document.body.dataset.allOk;
  button.disabled = true;
  // One after the other, so that each time shown is its own.
  for (const [index, name] of names.entries()) {
    summary.textContent = `${index + 1} of ${names.length} …`;
    if (await run(card(name), () => checks[name](card(name), false))) ++right;
  }
  summary.textContent = `${right} of ${names.length} work.`;
  button.disabled = false;
  document.body.dataset.allOk = String(right === names.length);
}

function furnish(at) {
  const title = at.querySelector('h2');
  const state = title.appendChild(element('span', 'not run', 'state'));
  state.setAttribute('role', 'status');
  const list = element('dl', '', 'facts');
  for (const name of ['Status', 'Time', 'Request ID']) list.append(element('dt', name));
  for (let i = 0; i < 3; ++i) list.append(element('dd', '–'));
  const answer = element('div', '', 'answer');
  answer.tabIndex = 0;
  answer.setAttribute('role', 'region');
  answer.setAttribute('aria-label', `${title.firstChild.textContent}: answer`);
  at.append(list, answer);
  at.querySelector('form').addEventListener('submit', event => {
    event.preventDefault();
    if (at.dataset.check === 'events' && listening) return listening.abort();
    if (at.getAttribute('aria-busy') !== 'true') run(at, () => checks[at.dataset.check](at, true));
  });
}

document.querySelectorAll('[data-check]').forEach(furnish);
field('uploads', 'large').onclick = () => run(card('uploads'), () => send_large(card('uploads')));
document.getElementById('run-all').onclick = run_everything;
if (location.pathname !== '/') {
  const note = document.querySelector('.route');
  note.hidden = false;
  note.querySelector('code').textContent = location.pathname;
}

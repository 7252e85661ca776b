// SPDX-License-Identifier: Apache-2.0
// Every text from outside goes in by textContent; nothing is ever parsed as HTML.
'use strict';

const words = {
  panic: '紧急求助 Panic', duress: '胁迫 Duress', medical: '医疗 Medical', fire: '火警 Fire', test: '测试 Test',
  seen: '已看到 Seen', coming: '已出警 Coming', closed: '结案 Closed', rejected: '误报 Rejected',
  raised: '报警', updated: '再次按下', restored: '按钮复位', cancelled: '撤销', closedEvent: '关闭',
};
const answers = ['seen', 'coming', 'closed', 'rejected'];
const cards = new Map();
let wanted = 0, shown = -1, busy = false;

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

const clock = (text) => text ? new Date(text).toLocaleString('zh-CN', { hour12: false }) : '—';

async function answer(alarm, state, note) {
  const by = document.getElementById('operator').value.trim();
  if (!by) { document.getElementById('operator').focus(); return; }
  const reply = await fetch('/api/answer', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ alarm, state, by, note }),
  });
  if (!reply.ok) window.alert((await reply.json()).error);
}

function drawClip(clip) {
  const name = clip.camera_name || clip.camera;
  const caption = make('figcaption', {}, `${name} · ${clip.part ?? ''} · ${clock(clip.start)} – ${clock(clip.stop)}`,
    (clip.gaps || []).length ? make('span', { class: 'warn' }, ` 缺失 ${clip.gaps.length} 段 gaps`) : null);
  return clip.complete
    ? make('figure', { 'data-clip': clip.manifest }, make('video', { src: `/clips/${clip.manifest}.mp4`, controls: true, preload: 'metadata', muted: true }), caption)
    : make('figure', { 'data-clip': `${clip.manifest}-waiting` }, make('div', { class: 'facts' }, '视频上传中 Clip is being uploaded…'), caption);
}

function drawCard(alarm) {
  const data = alarm.data || {}, site = data.site || {}, input = data.input || {};
  const exercise = (alarm.type || '').startsWith('tocsin.test.') || (alarm.type || '').startsWith('tocsin.drill.');
  const closed = alarm.events.some((e) => e.type.endsWith('.closed'));
  const first = alarm.events[0] || {};
  const note = make('input', { class: 'note', placeholder: '备注 note', maxlength: 120 });
  const chain = alarm.events.filter((e) => e.chain).map((e) => `#${e.seq} ${e.chain}`);
  const card = make('article', { class: `${exercise ? 'exercise' : ''} ${closed ? 'closed' : ''}` },
    make('h2', {}, make('span', { class: 'tag' }, exercise ? '演练/测试 EXERCISE – no dispatch' : words[data.kind] || data.kind || '报警'), ' ',
      site.name || alarm.source || ''),
    make('p', { class: 'facts' }, make('b', {}, `${input.place || ''} · ${input.name || ''}`), ` · ${site.address || ''} · 按下 ${data.presses ?? '?'} 次`,
      make('br'), `发生 ${clock(alarm.time)} · 收到 ${clock(first.received_at)} · ${site.id || ''}`,
      alarm.clock !== 'synced' ? make('span', { class: 'warn' }, ' · 网关时钟未同步 gateway clock not synced') : null,
      chain.length ? make('span', { class: 'warn' }, ` · 事件链异常 chain: ${chain.join(', ')}`) : null,
      make('br'), `联系人 ${(site.contacts || []).join('；')}`),
    make('div', { class: 'answers' }, ...answers.map((state) => make('button', {
      class: state, onclick: () => answer(alarm.alarm, state, note.value),
    }, words[state])), note),
    make('ul', { class: 'told' }, ...alarm.answers.map((a) => make('li', {},
      `${words[a.state] || a.state} · ${a.by} · ${clock(a.at)} ${a.note} ${a.confirmed ? '✓ 网关已确认 confirmed' : '… 等待网关 waiting'}`))),
    make('div', { class: 'clips' }),
    make('details', {}, make('summary', {}, `事件 events (${alarm.events.length})`),
      ...alarm.events.map((e) => make('div', {}, `#${e.seq} ${e.type} ${clock(e.time)} ${e.id} ${e.digest}`))));
  return card;
}

// A clip that plays must go on playing while the card around it is drawn anew.
function place(alarm) {
  const old = cards.get(alarm.alarm), text = JSON.stringify(alarm);
  if (old && old.text === text) return old.node;
  const node = drawCard(alarm), box = node.querySelector('.clips');
  const kept = new Map(old ? [...old.node.querySelectorAll('figure')].map((f) => [f.dataset.clip, f]) : []);
  box.append(...alarm.clips.map((clip) => kept.get(clip.complete ? clip.manifest : `${clip.manifest}-waiting`) || drawClip(clip)));
  if (old) node.querySelector('.note').value = old.node.querySelector('.note').value;
  if (old) node.querySelector('details').open = old.node.querySelector('details').open;
  cards.set(alarm.alarm, { node, text });
  if (old) old.node.replaceWith(node);
  return node;
}

function drawGateway(gateway) {
  const lost = gateway.silent_s > 60;
  return make('div', { class: `gateway ${lost ? 'lost' : ''}` },
    `${gateway.source.replace('tocsin:', '')} · ${lost ? `失联 LOST ${gateway.silent_s} s` : `在线 online · ${clock(gateway.last_heartbeat)}`}`);
}

async function refresh() {
  if (busy) return;
  busy = true;
  try {
    const reply = await fetch('/api/state');
    if (!reply.ok) throw new Error(reply.status);
    const state = await reply.json();
    document.getElementById('receiver').textContent = state.receiver;
    document.getElementById('gateways').replaceChildren(...state.gateways.map(drawGateway));
    document.getElementById('empty').hidden = state.alarms.length > 0;
    const list = document.getElementById('alarms'), nodes = state.alarms.map(place);
    nodes.forEach((node, i) => { if (list.children[i] !== node) list.insertBefore(node, list.children[i] || null); });
    while (list.children.length > nodes.length) list.lastChild.remove();
    shown = state.version;
  } finally { busy = false; }
  if (wanted !== shown) setTimeout(refresh, 200);
}

function setLive(on) {
  const live = document.getElementById('live');
  live.className = on ? 'on' : 'off';
  live.textContent = on ? '实时 live' : '离线 offline';
}

const stream = new EventSource('/api/stream');
stream.onopen = () => setLive(true);
stream.onerror = () => setLive(false);
stream.onmessage = (event) => { wanted = Number(event.data); refresh().catch(() => setLive(false)); };
setInterval(() => refresh().catch(() => setLive(false)), 5000);
const operator = document.getElementById('operator');
operator.value = localStorage.getItem('operator') || '';
operator.addEventListener('input', () => localStorage.setItem('operator', operator.value));

// SPDX-License-Identifier: Apache-2.0
// Every text from outside goes in by textContent; nothing is ever parsed as HTML. What one event
// holds may spoil its own card, never the page.
'use strict';

const kinds = { panic: '紧急求助 Panic', duress: '胁迫 Duress', medical: '医疗 Medical', fire: '火警 Fire' };
const buttons = { seen: '已看到 Seen', coming: '已出警 Coming', closed: '结案 Close', rejected: '误报 Reject' };
const told = { seen: '已看到 Seen', coming: '已出警 Coming', closed: '已结案 Closed', rejected: '误报 Rejected' };
const states = {
  raised: '已触发 raised', updated: '再次按下 pressed again', restored: '按钮已复位 button restored',
  cancelled: '现场称误报 cancelled on site', escalated: '无人查看，已升级 nobody has seen it, escalated', closed: '网关已关闭 closed at the gateway', unknown: '未知 unknown',
};
const LOST_AFTER_S = 60;
const cards = new Map();
const element = (id) => document.getElementById(id);
let busy = false, again = false, sites = new Map();

// The token has done its work: the cookie is set, and nobody should read it over a shoulder.
if (location.search) history.replaceState(null, '', '/');

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined && c !== ''));
  return node;
}

const word = (words, key) => Object.hasOwn(words, key) ? words[key] : String(key ?? '');
const text = (value) => typeof value === 'string' || typeof value === 'number' ? String(value) : '';
const list = (value) => Array.isArray(value) ? value : [];
const object = (value) => value && typeof value === 'object' ? value : {};
const joined = (...parts) => parts.map(text).filter(Boolean).join(' · ');
const warn = (words) => make('span', { class: 'warn' }, `⚠ ${words}`);

function when(value, options) {
  const date = new Date(text(value));
  return Number.isNaN(date.getTime()) ? text(value) || '—' : date.toLocaleString('zh-CN', { hour12: false, ...options });
}
const clock = (value) => when(value);
const hours = (value) => when(value, { hour: '2-digit', minute: '2-digit', second: '2-digit', year: undefined });

function span(seconds) {
  const s = Math.abs(seconds);
  if (s < 120) return `${s} 秒 s`;
  if (s < 7200) return `${Math.round(s / 60)} 分钟 min`;
  return s < 172800 ? `${Math.round(s / 3600)} 小时 h` : `${Math.round(s / 86400)} 天 days`;
}

// What this page shows of an alarm: an answer is to that, not to a press that comes while it is given.
const newest = (alarm) => Math.max(0, ...alarm.events.map((e) => Number(e.receiver_seq) || 0));

async function answer(alarm, state, card) {
  const operator = element('operator'), by = operator.value.trim();
  operator.classList.toggle('needed', !by);
  if (!by) {
    window.alert('请先填写值班员 · Enter the operator first');
    operator.focus();
    return;
  }
  if ((state === 'closed' || state === 'rejected') && !window.confirm(`${told[state]}?\n${card.title}`)) return;
  card.buttons.forEach((b) => { b.disabled = true; });
  try {
    const reply = await fetch('/api/answer', {
      method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ alarm: alarm.alarm, source: alarm.source, state, by, note: card.note.value.trim(), seen: newest(alarm) }),
    });
    if (!reply.ok) throw new Error((await reply.json()).error);
    card.note.value = '';
  } catch (error) {
    window.alert(`没有记录 NOT recorded: ${error.message}`);
  } finally {
    card.buttons.forEach((b) => { b.disabled = false; });
  }
}

function status(alarm) {
  if (alarm.exercise) return ['exercise', '演练/测试，无需出警 EXERCISE – no dispatch'];
  if (!alarm.type) return ['unknown', '视频已到，报警事件未到 A clip is here, its alarm is not'];
  // Only people here take an alarm off the list of what is open: a guard may have been made to close it.
  if (alarm.done) return ['done', word(told, alarm.done)];
  // It was pressed, or taken up, after it was done: what was said before is not said of that.
  const all = alarm.answers.map((a) => a.state), over = all.findLastIndex((a) => a === 'closed' || a === 'rejected');
  const given = all.slice(over + 1);
  if (given.includes('coming')) return ['coming', told.coming];
  if (given.includes('seen')) return ['seen', told.seen];
  return ['open', joined('未处置 UNANSWERED', over >= 0 ? '处置之后又来报警 an alarm came after the last answer' : '', ['cancelled', 'escalated', 'closed'].includes(alarm.state) ? states[alarm.state] : '')];
}

function drawClip(clip) {
  const caption = make('figcaption', {},
    joined(clip.camera_name || clip.camera, `${text(clip.part)} 段 part`, `${hours(clip.start)} – ${hours(clip.stop)}`),
    list(clip.gaps).length ? warn(`缺失 ${clip.gaps.length} 段 gaps`) : null);
  return make('figure', { 'data-clip': `${clip.manifest}/${clip.complete}` }, clip.complete
    ? make('video', { src: `/clips/${clip.manifest}.mp4`, controls: true, preload: 'metadata', muted: true })
    : make('div', { class: 'pending' }, '视频上传中 Clip is being uploaded…'), caption);
}

function drawTitle(alarm, kind, words) {
  const data = object(alarm.data), site = object(data.site), input = object(data.input), first = object(alarm.events[0]);
  return [
    make('h2', {}, joined(input.place || input.name, site.name) || joined(alarm.source)),
    alarm.type && !alarm.exercise ? make('p', {}, word(kinds, data.kind)) : null,
    make('p', { class: 'status' }, words),
    make('time', {}, hours(kind === 'unknown' || alarm.clock !== 'synced' ? first.received_at : alarm.time)),
  ].filter(Boolean);
}

function drawFacts(alarm) {
  const data = object(alarm.data), site = object(data.site), input = object(data.input), first = object(alarm.events[0]);
  const flawed = alarm.events.filter((e) => e.chain).map((e) => `#${e.seq} ${e.chain === 'gap' ? '前有缺失 gap before' : '分叉 fork'}`);
  const off = alarm.events.find((e) => e.off_s);
  return [
    make('b', {}, joined(site.name, input.name)), make('div', {}, joined(site.address, ...list(site.contacts))),
    make('div', {}, joined(`状态 ${word(states, alarm.state)}`, `按下 presses ${text(alarm.presses ?? data.presses) || '?'}`,
      `发生 at ${clock(alarm.time)}`, `收到 received ${clock(first.received_at)}`, `网关 gateway ${text(alarm.source).replace('tocsin:', '')}`)),
    alarm.type && alarm.clock !== 'synced' ? warn(`网关时钟未同步，以收到时间为准 gateway clock ${text(alarm.clock)}`) : null,
    off ? warn(`签名时间偏差 ${span(off.off_s)}，收到时已过期或来自未来 signed out of time`) : null,
    alarm.clips_not_shown ? warn(`更早的 ${alarm.clips_not_shown} 段录像未显示 ${alarm.clips_not_shown} older clips are not shown`) : null,
    flawed.length ? warn(`事件链异常 chain: ${flawed.join(', ')}`) : null,
  ].filter((line) => line && line.textContent);
}

function drawTold(a) {
  return make('li', { class: a.confirmed ? '' : 'waiting' }, `${word(told, a.state)} · ${joined(a.by, clock(a.at), a.note)} · ` +
    (a.confirmed ? '✓ 网关已确认 gateway has it' : '… 等待网关确认 waiting for the gateway'));
}

const drawEvent = (e) => make('div', {}, `#${e.seq} ${e.type} · ${clock(e.time)} · ${e.id} · ${e.digest}`);

// A card stays while its alarm does, so that what is typed or played in it is not disturbed.
function makeCard(alarm) {
  const card = { title: '', alarm, note: make('input', { class: 'note', placeholder: '备注 note', maxlength: 120 }) };
  card.buttons = Object.entries(buttons).map(([state, words]) =>
    make('button', { class: state, type: 'button', onclick: () => answer(card.alarm, state, card) }, words));
  card.parts = Object.fromEntries(['title', 'facts', 'clips'].map((name) => [name, make('div', { class: name })]));
  card.told = make('ul', { class: 'told' });
  card.summary = make('summary');
  card.events = make('div');
  card.node = make('article', {}, card.parts.title, make('div', { class: 'body' }, card.parts.facts,
    make('div', { class: 'answers' }, ...card.buttons, card.note), card.told, card.parts.clips,
    make('details', {}, card.summary, card.events)));
  return card;
}

function fillCard(card, alarm) {
  const [kind, words] = status(alarm);
  card.alarm = alarm;
  card.node.className = kind;
  card.parts.title.replaceChildren(...drawTitle(alarm, kind, words));
  card.title = card.parts.title.querySelector('h2').textContent;
  card.parts.facts.replaceChildren(...drawFacts(alarm));
  card.told.replaceChildren(...alarm.answers.map(drawTold));
  card.summary.textContent = `事件 events (${alarm.events.length})`;
  card.events.replaceChildren(...alarm.events.map(drawEvent));
  const kept = new Map([...card.parts.clips.children].map((f) => [f.dataset.clip, f]));
  alarm.clips.forEach((clip, i) => {
    const figure = kept.get(`${clip.manifest}/${clip.complete}`) || drawClip(clip), at = card.parts.clips.children[i];
    if (at !== figure) card.parts.clips.insertBefore(figure, at || null);
  });
  while (card.parts.clips.children.length > alarm.clips.length) card.parts.clips.lastChild.remove();
}

function place(alarm) {
  const key = `${alarm.alarm} ${alarm.source}`, drawn = JSON.stringify(alarm);
  if (!cards.has(key)) cards.set(key, makeCard(alarm));
  const card = cards.get(key);
  if (card.drawn !== drawn) {
    card.drawn = drawn;
    try {
      fillCard(card, alarm);
    } catch (error) {
      card.node.className = alarm.exercise ? 'exercise' : 'open';
      card.parts.title.replaceChildren(make('h2', {}, `无法完整显示 cannot be shown in full: ${alarm.alarm} (${error.message})`));
    }
  }
  return card.node;
}

function drawGateway(gateway) {
  const never = gateway.silent_s === null, lost = never || gateway.silent_s > LOST_AFTER_S;
  const data = object(gateway.data), id = gateway.source.replace('tocsin:', '');
  const missing = Number(object(data.head).seq) - gateway.newest_seq;
  const exercise = object(data.exercise);
  const flaws = [
    exercise.exercise ? `${exercise.exercise === 'test' ? '按钮测试 test' : '演练 drill'}${exercise.phase === 'running' ? '进行中 running' : '即将开始 announced'}：${joined(exercise.by, ...list(exercise.inputs))}` : '',
    gateway.off_s ? `心跳时间偏差，真伪未证 heartbeat out of time by ${span(gateway.off_s)}: not proven alive` : '',
    gateway.gaps ? `事件缺失 gaps: ${gateway.gaps}` : '', gateway.forks ? `事件链分叉 forks: ${gateway.forks}` : '',
    missing > 0 ? `尚有 ${missing} 条事件未到 events not here yet` : '',
    ...list(data.faults).map((f) => `故障 fault: ${joined(object(f).fault, object(f).subject, object(f).reason)}`),
  ].filter(Boolean);
  const heard = never ? '失联，从未收到心跳 LOST: never a heartbeat'
    : lost ? `失联 LOST ${span(gateway.silent_s)}` : `在线 online · ${hours(gateway.last_heartbeat)}`;
  return make('div', { class: `gateway ${lost ? 'lost' : flaws.length ? 'flawed' : ''}` },
    joined(sites.get(gateway.source), id, heard), ...flaws.map((f) => make('span', {}, f)));
}

// What the receiver has and does not send: nobody shall take the list for all there is.
function drawNotShown(notShown) {
  const open = Object.entries(object(notShown.open)).map(([source, n]) => make('div', {},
    joined(sites.get(source), source.replace('tocsin:', ''), `另有 ${n} 起未结报警未显示，请先处置已显示的 ${n} more open alarms are not shown: close or reject some that are`)));
  const unknown = Object.entries(object(notShown.unknown)).map(([source, n]) => make('div', {},
    joined(sites.get(source), source.replace('tocsin:', ''), `另有 ${n} 起视频已到、报警事件未到，未显示 ${n} more with a clip and no alarm are not shown`)));
  element('hidden').replaceChildren(...open, ...unknown);
  element('hidden').hidden = open.length + unknown.length === 0;
  element('older').textContent = joined(
    notShown.done ? `更早的 ${notShown.done} 起已结报警或误报未显示 ${notShown.done} older closed or rejected alarms are not shown` : '',
    notShown.exercises ? `更早的 ${notShown.exercises} 起演练/测试未显示 ${notShown.exercises} older exercises are not shown` : '');
}

function draw(state) {
  element('receiver').textContent = state.receiver;
  sites = new Map(state.alarms.map((a) => [a.source, text(object(object(a.data).site).name)]).reverse());
  element('gateways').replaceChildren(...state.gateways.map(drawGateway));
  element('empty').hidden = state.alarms.length > 0;
  const box = element('alarms'), nodes = state.alarms.map(place), shown = new Set(nodes);
  for (const [key, card] of cards) if (!shown.has(card.node)) cards.delete(key);
  nodes.forEach((node, i) => { if (box.children[i] !== node) box.insertBefore(node, box.children[i] || null); });
  while (box.children.length > nodes.length) box.lastChild.remove();
  drawNotShown(object(state.not_shown));
  const open = state.alarms.filter((a) => status(a)[0] === 'open').length;
  document.title = `${open ? `(${open}) ⚠ ` : ''}${state.receiver} · Tocsin`;
}

async function refresh() {
  again = true;
  if (busy) return;
  busy = true;
  try {
    while (again) {
      again = false;
      const reply = await fetch('/api/state', { signal: AbortSignal.timeout(10000) });
      if (!reply.ok) throw new Error(reply.status);
      draw(await reply.json());
    }
    element('stale').hidden = true;
    // After a hang the stream is the same as before and says nothing of it; one that was refused
    // (too many viewers) has ended for good.
    if (stream.readyState === EventSource.CLOSED) stream = listen();
    setLive(stream.readyState === EventSource.OPEN);
  } catch (error) {
    setLive(false);
    element('stale').hidden = false;
  } finally { busy = false; }
}

function setLive(on) {
  element('live').className = on ? 'on' : 'off';
  element('live').textContent = on ? '实时 live' : '离线 offline';
}

function listen() {
  const opened = new EventSource('/api/stream');
  opened.onopen = () => setLive(true);
  opened.onerror = () => { setLive(false); refresh(); };
  opened.onmessage = refresh;
  return opened;
}

let stream = listen();
setInterval(refresh, 5000);
const operator = element('operator');
operator.value = localStorage.getItem('operator') || '';
operator.addEventListener('input', () => { operator.classList.remove('needed'); localStorage.setItem('operator', operator.value); });

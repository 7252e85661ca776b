// SPDX-License-Identifier: Apache-2.0
// What the receiver's page says of what it was told, in both its languages, without a browser:
// node receiver_page.mjs FOLDER. Layout is looked at in a real one (tests/e2e).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import vm from 'node:vm';

const folder = process.argv[2];
const html = readFileSync(join(folder, 'index.html'), 'utf8');
const script = readFileSync(join(folder, 'page.js'), 'utf8');

// As much of a browser's tree as the page needs.
class Node {
  constructor(tag) { Object.assign(this, { tag, children: [], dataset: {}, className: '', value: '', hidden: false }); this.classList = { toggle() {}, remove() {} }; }
  append(...nodes) { for (const n of nodes) this.insertBefore(typeof n === 'string' ? Object.assign(new Node('#text'), { own: n }) : n, null); }
  insertBefore(node, before) {
    node.remove();
    this.children.splice(before ? this.children.indexOf(before) : this.children.length, 0, node);
    node.parent = this;
  }
  remove() { if (this.parent) this.parent.children = this.parent.children.filter((n) => n !== this); }
  get lastChild() { return this.children.at(-1); }
  replaceChildren(...nodes) { this.children = []; this.append(...nodes); }
  setAttribute(name, value) { if (name === 'class') this.className = value; if (name === 'data-clip') this.dataset.clip = value; }
  addEventListener(name, handler) { this[`on${name}`] = handler; }
  set textContent(text) { this.children = []; this.own = String(text); }
  get textContent() { return (this.own ?? '') + this.children.map((c) => c.textContent).join(''); }
  querySelector(tag) { return this.children.find((c) => c.tag === tag); }
}

// The elements that index.html names; one that it does not is a mistake of the page.
function open(fetch = () => Promise.reject(new Error('none'))) {
  const elements = new Map([...html.matchAll(/<(\w+)[^>]* id="(\w+)"/g)].map(([, tag, id]) => [id, new Node(tag)]));
  const document = { title: '', createElement: (tag) => new Node(tag), getElementById: (id) => elements.get(id) };
  const context = vm.createContext({
    document, location: { search: '' }, window: { confirm: () => true, alert() {} }, localStorage: { getItem: () => '' }, setInterval() {},
    EventSource: class {}, AbortSignal: { timeout() {} }, fetch,
  });
  vm.runInContext(script, context);
  const draw = vm.runInContext('draw', context);
  const text = (id) => { assert(elements.has(id), id); return elements.get(id).hidden ? '' : elements.get(id).textContent; };
  const buttons = () => vm.runInContext('[...cards.values()][0].buttons', context);
  const click = (name) => buttons().find((b) => b.className === name).onclick();
  const operate = (name) => { Object.assign(elements.get('operator'), { value: name }); };
  return { document, text, click, operate, cards: () => elements.get('alarms').children, draw: (state) => draw({ receiver: 'police', gateways: [], alarms: [], not_shown: {}, ...state }) };
}

const school = 'tocsin:31010600001320000001', other = 'tocsin:31010600001320000002';
const alarm = (answers, more) => ({
  alarm: `a${answers.join()}`, source: school, type: 'tocsin.alarm.raised', state: 'raised', exercise: false, done: null, clock: 'synced',
  time: '2026-09-01T08:00:00Z', data: { kind: 'panic', site: { name: '阳光小学' } }, events: [{ seq: 1 }], clips: [], presses: 1,
  answers: answers.map((state) => ({ state, by: 'op', at: '2026-09-01T08:01:00Z', note: '', confirmed: true })), ...more,
});

const tests = {
  'how many open alarms of which gateway are not shown is said in both languages'() {
    const page = open();
    page.draw({ alarms: [alarm([])], not_shown: { open: { [school]: 800, [other]: 3 }, done: 0, exercises: 0 } });
    assert.match(page.text('hidden'), /阳光小学.*31010600001320000001.*另有 800 起未结报警未显示.*800 more open alarms are not shown/);
    assert.match(page.text('hidden'), /31010600001320000002.*另有 3 起.*3 more/);
    assert.equal(page.document.title, '(1) ⚠ police · Tocsin');
  },
  'how many others are not shown is said below them'() {
    const page = open();
    page.draw({ alarms: [alarm([])], not_shown: { open: {}, done: 5, exercises: 7 } });
    assert.equal(page.text('hidden'), '');
    assert.match(page.text('older'), /更早的 5 起已结报警.*未显示.*5 older closed or rejected alarms are not shown/);
    assert.match(page.text('older'), /更早的 7 起演练.*未显示.*7 older exercises are not shown/);
  },
  'clips without their alarm that are not shown are counted apart'() {
    const page = open();
    page.draw({ alarms: [alarm([])], not_shown: { open: {}, unknown: { [school]: 490 }, done: 0, exercises: 0 } });
    assert.match(page.text('hidden'), /阳光小学.*31010600001320000001.*另有 490 起视频已到、报警事件未到，未显示.*490 more with a clip and no alarm are not shown/);
    assert.equal(page.document.title, '(1) ⚠ police · Tocsin');
  },
  'how many clips of an alarm are not shown is said on its card'() {
    const page = open();
    page.draw({ alarms: [alarm([], { clips_not_shown: 3 })] });
    assert.match(page.cards()[0].textContent, /更早的 3 段录像未显示 3 older clips are not shown/);
  },
  'an answer names the newest event that the page shows'() {
    let sent;
    const page = open((url, options) => { if (url === '/api/answer') sent = JSON.parse(options.body); return Promise.reject(new Error('none')); });
    const drawn = (events) => page.draw({ alarms: [alarm([], { events })] });
    page.operate('op');
    drawn([{ seq: 1, receiver_seq: 70 }, { seq: 2, receiver_seq: 64 }]);
    page.click('closed');
    assert.equal(sent.seen, 70);
    drawn([{ seq: 1, receiver_seq: 70 }, { seq: 2, receiver_seq: 64 }, { seq: 3, receiver_seq: 75 }]);
    page.click('seen');
    assert.equal(sent.seen, 75);
    assert.equal(sent.state, 'seen');
  },
  'where all is shown nothing is said'() {
    const page = open();
    page.draw({ alarms: [alarm([])], not_shown: { open: {}, done: 0, exercises: 0 } });
    assert.equal(page.text('hidden') + page.text('older') + page.text('empty'), '');
    page.draw({});
    assert.match(html, /<p id="empty" hidden>尚无报警 · No alarms yet/);
    assert.equal(page.document.title, 'police · Tocsin');
  },
  'a card says what people said since its last press'() {
    const cases = [[[], null, 'open', /未处置 UNANSWERED/], [['seen'], null, 'seen', /已看到 Seen/],
      [['seen', 'coming', 'seen'], null, 'coming', /已出警 Coming/], [['closed', 'seen'], 'closed', 'done', /已结案 Closed/],
      [['rejected'], 'rejected', 'done', /误报 Rejected/], [['rejected', 'seen'], null, 'seen', /已看到 Seen/],
      [['coming', 'closed'], null, 'open', /未处置 UNANSWERED · 处置之后又来报警 an alarm came after the last answer/],
      [['coming', 'rejected'], null, 'open', /未处置 UNANSWERED · 处置之后又来报警 an alarm came after the last answer/]];
    for (const [answers, done, kind, words] of cases) {
      const page = open();
      page.draw({ alarms: [alarm(answers, { done })] });
      const [card] = page.cards();
      assert.equal(card.className, kind, answers.join());
      assert.match(card.children[0].textContent, words);
      assert.equal(page.document.title.startsWith('(1)'), kind === 'open');
    }
  },
  'cards stand as they were told'() {
    const page = open(), [a, b, c] = [alarm(['seen']), alarm([]), alarm(['closed'], { done: 'closed' })];
    page.draw({ alarms: [a, b, c] });
    const [first, second] = page.cards();
    page.draw({ alarms: [b, a] });
    assert.deepEqual(page.cards().map((n) => [first, second].indexOf(n)), [1, 0]); // and are the same
  },
};

for (const [name, test] of Object.entries(tests)) {
  try {
    test();
  } catch (error) {
    console.error(`${name}:\n${error.stack}`);
    process.exitCode = 1;
  }
}

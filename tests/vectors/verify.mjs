// SPDX-License-Identifier: Apache-2.0
// Verifies vectors with Node's crypto alone, and says why a bad one is bad: node verify.mjs FILE
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const zeros = 'A'.repeat(43); // 32 zero bytes
const requestShape = new RegExp('^sig1=(\\("@method" "@target-uri" "content-digest"\\)'
  + ';created=[0-9]{1,15};expires=[0-9]{1,15};nonce="[A-Za-z0-9_-]{22}"'
  + ';keyid="([0-9a-f]{16})";alg="([a-z0-9-]+)";tag="tocsin-v1")$');
const receiptShape = new RegExp('^sig1=(\\("@status" "content-digest" "content-digest";req\\)'
  + ';created=[0-9]{1,15};keyid="([0-9a-f]{16})";alg="([a-z0-9-]+)";tag="tocsin-v1-receipt")$');

const keys = new Map();
for (const name of readdirSync(here).filter((file) => file.endsWith('.pub.pem'))) {
  const key = createPublicKey(readFileSync(join(here, name)));
  const der = key.export({ type: 'spki', format: 'der' });
  keys.set(createHash('sha256').update(der).digest('hex').slice(0, 16), key);
}

const digest = (body) => `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;

// null, or why the signature over `lines` and its parameters is not good.
function signatureProblem(v, shape, lines) {
  if (v.content_digest !== digest(v.body)) return 'digest';
  const parts = shape.exec(v.signature_input);
  // 64 bytes are 88 characters, two of them padding; Node's decoder itself would take anything.
  const signature = /^sig1=:([A-Za-z0-9+/]{86}==):$/.exec(v.signature);
  if (!parts || !signature) return 'shape';
  const [, params, keyid, alg] = parts;
  const key = keys.get(keyid);
  const edwards = key?.asymmetricKeyType === 'ed25519';
  if (!key || alg !== (edwards ? 'ed25519' : 'ecdsa-p256-sha256')) return 'key';
  const base = Buffer.from([...lines, `"@signature-params": ${params}`].join('\n'));
  const raw = Buffer.from(signature[1], 'base64');
  const good = edwards ? verify(null, base, key, raw)
    : verify('sha256', base, { key, dsaEncoding: 'ieee-p1363' }, raw);
  return good ? null : 'signature';
}

function requestProblem(v) {
  return signatureProblem(v, requestShape, [
    `"@method": ${v.method}`, `"@target-uri": ${v.url}`, `"content-digest": ${v.content_digest}`]);
}

function receiptProblem(v) {
  const problem = signatureProblem(v, receiptShape, [
    `"@status": ${v.status}`, `"content-digest": ${v.content_digest}`,
    `"content-digest";req: ${v.request_digest}`]);
  if (problem) return problem;
  let body;
  try {
    body = JSON.parse(v.body);
  } catch {
    return 'body';
  }
  const subject = 'clip' in v ? 'clip' : 'event';
  return body[subject] === v[subject] && body.digest === v.subject_digest
    && body.state === 'stored' ? null : 'body';
}

// null, or [why, which event].
function chainProblem(v) {
  let before = null;
  let head = null;
  for (const [at, text] of v.events.entries()) {
    const event = JSON.parse(text);
    if (!Number.isInteger(event.seq) || !/^[A-Za-z0-9_-]{43}$/.test(event.prev)) return ['member', at];
    if (before && event.source !== before.source) return ['member', at];
    if (before && event.seq <= before.seq) return ['order', at];
    if (before && event.seq > before.seq + 1) return ['gap', at];
    if ((before || event.seq === 1) && event.prev !== (before ? head : zeros)) return ['prev', at];
    before = event;
    head = createHash('sha256').update(text).digest('base64url');
  }
  return null;
}

const judges = { request: requestProblem, receipt: receiptProblem, chain: chainProblem };

function isAsItShouldBe(v) {
  const expected = v.good ? null : v.kind === 'chain' ? [v.reason, v.at] : v.reason;
  return JSON.stringify(judges[v.kind](v)) === JSON.stringify(expected);
}

const vectors = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const wrong = vectors.filter((v) => !isAsItShouldBe(v));
for (const v of wrong) console.log(`${process.argv[2]}: ${v.name}: not as it should be`);
console.log(`Node's crypto: ${vectors.length - wrong.length} passed, ${wrong.length} failed`);
process.exit(wrong.length || !vectors.length ? 1 : 0);

// SPDX-License-Identifier: Apache-2.0
// Verifies vectors with Node's crypto alone: node verify.mjs VECTORS.json
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const digest = (body) => `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;

function isGood(v) {
  if (v.content_digest !== digest(v.body)) return false;
  const params = v.signature_input.replace(/^sig1=/, '');
  const request = v.kind === 'request';
  if (!params.endsWith(`;tag="${request ? 'tocsin-v1' : 'tocsin-v1-receipt'}"`)) return false;
  const base = (request
    ? [`"@method": ${v.method}`, `"@target-uri": ${v.url}`, `"content-digest": ${v.content_digest}`]
    : [`"@status": ${v.status}`, `"content-digest": ${v.content_digest}`, `"content-digest";req: ${v.request_digest}`]
  ).concat(`"@signature-params": ${params}`).join('\n');
  const key = createPublicKey(readFileSync(join(here, `${v.key}.pub.pem`)));
  const signature = Buffer.from(/^sig1=:(.*):$/.exec(v.signature)[1], 'base64');
  return key.asymmetricKeyType === 'ed25519'
    ? verify(null, Buffer.from(base), key, signature)
    : verify('sha256', Buffer.from(base), { key, dsaEncoding: 'ieee-p1363' }, signature);
}

const vectors = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const wrong = vectors.filter((v) => isGood(v) !== v.good);
for (const v of wrong) console.log(`${process.argv[2]}: ${v.name}: not as it should be`);
console.log(`Node's crypto: ${vectors.length - wrong.length} passed, ${wrong.length} failed`);
process.exit(wrong.length || !vectors.length ? 1 : 0);

// The sessions of accumulated.json, drawn as ../README.md describes.

import { createCipheriv, createHash } from 'node:crypto';

import {
  Ring, deriveKeyId, derivePrk, deriveSealingKey, encodeRecord, openToken, sealRecord,
} from './sealed_session.mjs';

const SEED = 'sealed-session/v1 accumulated vector';
const STREAM_BYTES = 768;
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz0123456789 .,:;+-_/{}[]&<>=\'éßΩжא中क€😀𝄞'];
const PERIODS = [0n, 0n, 0n, 0n, 86400n, 604800n, 2592000n, 7776000n];
const LEEWAY = 60000n;
const LIFETIME = 2592000000n;

const key = createHash('sha256').update(SEED).digest();

/** The bytes of one session, from the first on. */
class Stream {
  constructor(index) {
    // ChaCha20's own key stream from block 1 on: 32 bits of block number, little-endian, then the nonce.
    const counterAndNonce = Buffer.alloc(16);
    counterAndNonce.writeUInt32LE(1);
    counterAndNonce.writeBigUInt64BE(BigInt(index), 8);
    this.bytes = createCipheriv('chacha20', key, counterAndNonce).update(Buffer.alloc(STREAM_BYTES));
    this.at = 0;
  }

  take(count) {
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  byte() {
    return this.take(1)[0];
  }

  text(letters) {
    return Array.from(this.take(letters), (byte) => LETTERS[byte % 64]).join('');
  }
}

export function draw(index) {
  const stream = new Stream(index);
  const secret = stream.take(32 + (stream.byte() % 33));
  const app = stream.text(stream.byte() % 13);
  const name = `s${stream.take(2).readUInt16BE()}`;
  const periodS = PERIODS[stream.byte() % 8];
  const created = 1600000000000n + (stream.take(8).readBigUInt64BE() % 400000000000n);
  const renewed = created + BigInt(stream.take(4).readUInt32BE() % 86400000);
  const expires = renewed + 1n + BigInt(stream.take(4).readUInt32BE() % 2592000000);
  const [salt, uid] = [stream.take(24), stream.take(16)];
  const ad = stream.take(stream.byte() % 33);
  const user = stream.byte() % 4 === 0 ? null : stream.text(stream.byte() % 41);
  const member = stream.text(stream.byte() % 16);
  const data = `{"${member}":"${stream.text(stream.take(2).readUInt16BE() % 500)}"}`;
  const padding = stream.byte() % 64;
  const epoch = periodS === 0n ? 0n : renewed / 1000n / periodS;
  const session = { created, renewed, expires, uid, user, data };
  return { secret, context: { app, name, periodS, epoch }, salt, ad, session, padding };
}

/** The keys of a server whose ring is this root. */
function ringKeys({ secret, context, session }) {
  const life = { activate_at_ms: 0n, retire_at_ms: null, revoked: false };
  const ring = new Ring({ roots: [{ secret, period_s: context.periodS, ...life }], leeway: LEEWAY });
  return ring.keysAt(session.renewed, LEEWAY, context.name, context.app);
}

/** Opened when it was renewed, with the defaults of section 12. */
function requireOpens(keys, token, { ad, session }) {
  const opened = openToken({ token, keys, ad, now: session.renewed, leeway: LEEWAY, maxLifetime: LIFETIME });
  const same = ['created', 'renewed', 'user', 'data'].every((name) => opened[name] === session[name]);
  if (!same || !opened.uid.equals(session.uid) || opened.sealedExpires !== session.expires) {
    throw new Error('it opens as another session');
  }
  if (opened.keyState !== 'sealing') throw new Error(`its key is ${opened.keyState}`);
}

/** Makes tokens and opens them again, and tells the hash of the first so many. */
export class Accumulation {
  key = key;
  hash = createHash('sha256');
  made = 0;

  hashOf(count) {
    if (count < this.made) throw new Error('counts must not fall');
    for (; this.made < count; this.made += 1) this.make(this.made);
    return this.hash.copy().digest('hex');
  }

  make(index) {
    const drawn = draw(index);
    const sealingKey = deriveSealingKey(derivePrk(drawn.secret), drawn.context);
    const record = Buffer.concat([encodeRecord(drawn.session), Buffer.alloc(drawn.padding)]);
    const token = sealRecord({ sealingKey, salt: drawn.salt, ad: drawn.ad, record });
    this.hash.update(`${token}\n`);
    // Every tenth goes through a ring; the others name their key themselves.
    const alone = () => new Map([[deriveKeyId(sealingKey).toString('hex'), { sealingKey, state: 'sealing' }]]);
    requireOpens(index % 10 === 0 ? ringKeys(drawn) : alone(), token, drawn);
  }
}

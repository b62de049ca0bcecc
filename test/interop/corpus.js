'use strict';

// What the public SDK makes of random values, for an app whose public keys it asks a
// server of ours for.
//
// usage: node corpus.js KEYS DIR SEED COUNT
//   KEYS   what "e3ctl app export" prints
//   DIR    gets strings.tsv, mixed.tsv and documents.tsv for COPY, and insert.sql
//   COUNT  values for each curve, with a role and without
//
// A value's line has what decrypt() is to give: what the SDK's documentation says
// of the value, found without the SDK.

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const [keysFile, dir, seed, count] = process.argv.slice(2);

// Values of one client share an ephemeral key.
const VALUES_PER_CLIENT = 25;
const ROLE = 'interop-reader';
const CURVES = { p256: 'prime256v1', secp256k1: 'secp256k1' };

// --- random values -----------------------------------------------------------

// mulberry32: a seed means the same everywhere.
let state = Number(seed) >>> 0;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

// UTF-8 has no lone surrogates.
const wellFormed = (string) => string.replace(/\p{Surrogate}/gu, '\ufffd');
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const times = (n, make) => Array.from({ length: n }, make);

const ALPHABETS = [
  () => String.fromCharCode(1 + below(127)),
  () => pick(['"', "'", '\\', '\t', '\n', '\r', ' ', '$', ':', '%', '{', '}', 'ev:', 'NULL', '\\N', '\\.']),
  () => String.fromCodePoint(0x80 + below(0x700)),
  () => String.fromCodePoint(0x3040 + below(0x5000)),
  () => String.fromCodePoint(0x1f300 + below(0x300)),
  () => pick(['e\u0301', '\u200d', '\ufeff', '\u00a0', '\uffff', '\u{10ffff}', '\ud800', '\udc00', 'ﷺ', '🇺🇳']),
];

function randomString() {
  const alphabet = pick(ALPHABETS);
  const mixed = below(4) === 0;
  const length = pick([0, 1, 2, 15, 16, 17, 63, 300, below(40)]);
  return times(length, () => (mixed ? pick(ALPHABETS) : alphabet)()).join('');
}

function randomNumber() {
  const double = new DataView(new ArrayBuffer(8));
  double.setUint32(0, random() * 2 ** 32);
  double.setUint32(4, random() * 2 ** 32);
  return pick([
    () => below(1000), () => -below(2 ** 31), () => random(), () => below(10 ** 6) / 100,
    () => Math.trunc(random() * 2 ** 53), () => double.getFloat64(0), () => 10 ** below(30),
    () => pick([0, -0, NaN, Infinity, -Infinity, 1e21, 1e-7, 5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, 0.1 + 0.2]),
  ])();
}

function randomDocument(depth) {
  const value = () => (depth > 0 && below(3) === 0 ? randomDocument(depth - 1) : pick([randomLeaf, randomLeaf, () => null])());
  if (below(3) === 0) return times(below(4), value);
  return Object.fromEntries(times(1 + below(4), () => [`k${below(1000)}${wellFormed(randomString().slice(0, 5))}`, value()]));
}

function randomLeaf() {
  return pick([randomString, randomString, randomNumber, () => below(2) === 1])();
}

// --- what is expected of them --------------------------------------------------

// Strings are trimmed; JSON has no NaN.
function expected(value) {
  return typeof value === 'string' ? wellFormed(value.trim()) : JSON.stringify(value);
}

function isLeaf(value) {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

// Calls visit(plain, sealed) for each leaf; dies unless the shapes are the same.
function walk(plain, sealed, visit) {
  if (isLeaf(plain)) return visit(plain, sealed);
  if (plain === null) {
    if (sealed !== null) throw new Error('null is not null any more');
    return undefined;
  }
  if (JSON.stringify(Object.keys(plain)) !== JSON.stringify(Object.keys(sealed))) throw new Error('the shape has changed');
  return Object.keys(plain).forEach((key) => walk(plain[key], sealed[key], visit));
}

function decrypted(plain) {
  if (isLeaf(plain)) return typeof plain === 'string' ? expected(plain) : plain;
  if (plain === null) return null;
  if (Array.isArray(plain)) return plain.map(decrypted);
  return Object.fromEntries(Object.entries(plain).map(([key, value]) => [key, decrypted(value)]));
}

// --- the key server --------------------------------------------------------------

function serveKeys() {
  const { versions } = JSON.parse(fs.readFileSync(keysFile, 'utf8'));
  const newest = versions.reduce((a, b) => (a.version > b.version ? a : b));
  const body = JSON.stringify({
    teamUuid: 'team_interop', ecdhKey: newest.secp256k1.base64, ecdhP256Key: newest.p256.base64,
  });
  const server = http.createServer((request, response) => {
    const known = request.method === 'GET' && request.url === '/cages/key';
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' });
    response.end(known ? body : '{}');
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

// --- the files ---------------------------------------------------------------------

const escapes = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const copyLine = (fields) => fields.map((field) => (field === null ? '\\N'
  : String(field).replace(/[\\\t\n\r]/g, (c) => escapes[c]))).join('\t');

function line(list, curve, role, kind, plain, sealed) {
  const isNull = typeof plain === 'number' && !Number.isFinite(plain);
  list.push([list.length + 1, curve, role, kind, typeof plain, isNull ? null : expected(plain), sealed]);
}

// Values alone, and in documents.
async function sealAll(newClient, strings, documents) {
  for (const curve of Object.keys(CURVES)) {
    for (const role of [null, ROLE]) {
      let client;
      for (let i = 0; i < count; i++) {
        if (i % VALUES_PER_CLIENT === 0) client = newClient(curve);
        const plain = i % 5 > 0 ? randomLeaf() : randomDocument(3);
        const sealed = await client.encrypt(plain, role ?? undefined);
        walk(plain, sealed, (leaf, string) => line(strings, curve, role, i % 5 > 0 ? 'value' : 'leaf', leaf, string));
        if (i % 5 === 0) documents.push([documents.length + 1, JSON.stringify(sealed), JSON.stringify(decrypted(plain))]);
      }
    }
  }
}

// On secp256k1 the SDK has keys of two kinds, with a role and without, and a client goes
// on with that of its first call.
async function sealMixed(newClient, mixed) {
  for (let i = 0; i < count; i += VALUES_PER_CLIENT) {
    const client = newClient('secp256k1');
    const roles = i % 2 === 0 ? [null, ROLE] : [ROLE, null];
    await client.encrypt('the first', roles[0] ?? undefined);
    for (let j = 0; j < VALUES_PER_CLIENT; j++) {
      const plain = randomLeaf();
      line(mixed, 'secp256k1', roles[1], 'value', plain, await client.encrypt(plain, roles[1] ?? undefined));
    }
  }
}

async function main() {
  const server = await serveKeys();
  process.env.EV_API_URL = `http://127.0.0.1:${server.address().port}`;
  const Evervault = require('@evervault/sdk');
  const newClient = (curve) => new Evervault('app_interop', 'an api key', { curve: CURVES[curve] });
  const strings = [];
  const mixed = [];
  const documents = [];

  await sealAll(newClient, strings, documents);
  await sealMixed(newClient, mixed);
  server.close();

  const write = (name, lines) => fs.writeFileSync(path.join(dir, name), `${lines.join('\n')}\n`);
  write('strings.tsv', strings.map(copyLine));
  write('mixed.tsv', mixed.map(copyLine));
  write('documents.tsv', documents.map(copyLine));
  // No string of the format needs quoting.
  write('insert.sql', strings.map(([id, , , , , , sealed]) => `INSERT INTO inserted VALUES (${id}, '${sealed}');`));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

'use strict';

// A connection to E3, written from docs/protocol.md: requests in any number, each
// with a promise for its reply.

const net = require('node:net');
const tls = require('node:tls');
const { encode, decode } = require('@msgpack/msgpack');

const TYPE = { HELLO: 1, ENCRYPT: 3, RESULT: 64, ERROR: 65 };

function frame(...message) {
  const body = encode(message);
  const out = Buffer.allocUnsafe(4 + body.length);
  out.writeUInt32BE(body.length);
  out.set(body, 4);
  return out;
}

// Values as columns: their bytes, and their lengths as little-endian u32.
function column(values) {
  const lengths = Buffer.allocUnsafe(4 * values.length);
  values.forEach((value, i) => lengths.writeUInt32LE(value.length, 4 * i));
  return [Buffer.concat(values), lengths];
}

// A path, or tls://host:port with { cert, key, ca }: contents of PEM files.
function connect(target, files) {
  if (!target.startsWith('tls://')) return net.createConnection(target);
  const { hostname, port } = new URL(target.replace('tls:', 'http:'));
  const socket = tls.connect({ host: hostname, port, minVersion: 'TLSv1.3', ALPNProtocols: ['e3/1'], ...files });
  socket.setNoDelay();
  return socket;
}

class Client {
  constructor(target, files) {
    this.nextId = 1;
    this.waiting = new Map();
    this.chunks = [];
    this.size = 0;
    this.socket = connect(target, files);
    this.socket.on('data', (chunk) => this.take(chunk));
    this.socket.on('error', (error) => this.end(error));
    this.socket.on('close', () => this.end(new Error('E3 closed the connection')));
    this.ready = this.expect(0, TYPE.HELLO, { version_min: 1, version_max: 1, client: 'artillery' });
  }

  expect(id, type, header, ...columns) {
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.socket.write(frame(type, id, header, ...columns));
    });
  }

  take(chunk) {
    this.chunks.push(chunk);
    this.size += chunk.length;
    while (this.size >= 4) {
      if (this.chunks[0].length < 4) this.chunks = [Buffer.concat(this.chunks)];
      const length = 4 + this.chunks[0].readUInt32BE();
      if (this.size < length) return;
      const all = this.chunks.length === 1 ? this.chunks[0] : Buffer.concat(this.chunks);
      this.chunks = [all.subarray(length)];
      this.size -= length;
      this.answer(decode(all.subarray(4, length)));
    }
  }

  answer([type, id, header, ...columns]) {
    const { resolve, reject } = this.waiting.get(id) ?? {};
    this.waiting.delete(id);
    if (resolve === undefined) this.socket.destroy(new Error(`reply to unknown request ${id}`));
    else if (type === TYPE.RESULT || type === TYPE.HELLO) resolve({ header, columns });
    else reject(new Error(type === TYPE.ERROR ? header.name : `reply of type ${type}`));
  }

  end(error) {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  async encrypt(app, curve, values) {
    await this.ready;
    const { header, columns } = await this.expect(this.nextId++, TYPE.ENCRYPT, { app, curve }, ...column(values));
    const [bytes, lengths, statuses] = columns;
    if (lengths.length !== 4 * values.length || statuses !== null) throw new Error('WRONG_COUNT');
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      const length = Buffer.from(lengths.buffer, lengths.byteOffset).readUInt32LE(4 * i);
      if (length <= values[i].length) throw new Error('WRONG_LENGTH');
      sum += length;
    }
    if (sum !== bytes.length) throw new Error('WRONG_LENGTH');
    return header;
  }

  close() {
    this.socket.destroy();
  }
}

module.exports = { Client };

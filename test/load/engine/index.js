'use strict';

// Artillery's side: a step "encrypt" with a number of values is one request.
//
//   config: target: path of E3's socket, or tls://host:port
//           e3: app, curve, valueBytes, connections; tls: cert, key, ca (files)
//   flow:   - encrypt: 30
//
// All virtual users share some connections, as sessions of a server would.

const crypto = require('node:crypto');
const fs = require('node:fs');
const { Client } = require('./client');

class Engine {
  constructor(script) {
    const { app = 'default', curve = 'p256', valueBytes = 32, connections = 4 } = script.config.e3 ?? {};
    this.options = { app, curve, valueBytes, connections };
    this.target = script.config.target;
    const files = Object.entries(script.config.e3?.tls ?? {});
    this.files = Object.fromEntries(files.map(([name, path]) => [name, fs.readFileSync(path)]));
    this.clients = [];
    this.turn = 0;
  }

  client() {
    const slot = this.turn++ % this.options.connections;
    this.clients[slot] ??= new Client(this.target, this.files);
    return this.clients[slot];
  }

  async step(count, emitter) {
    const { app, curve, valueBytes } = this.options;
    const values = Array.from({ length: count }, () => crypto.randomBytes(valueBytes));
    const start = process.hrtime.bigint();
    emitter.emit('counter', 'e3.requests', 1);
    try {
      const header = await this.client().encrypt(app, curve, values);
      const ms = Number(process.hrtime.bigint() - start) / 1e6;
      emitter.emit('counter', 'e3.values', count);
      for (const name of ['e3.latency', `e3.latency.${count}_values`]) emitter.emit('histogram', name, ms);
      emitter.emit('histogram', 'e3.time_inside', Number(header.e3_ns) / 1e6);
    } catch (error) {
      emitter.emit('error', error.message);
      throw error;
    }
  }

  createScenario(scenario, emitter) {
    const steps = scenario.flow.map((step) => Number(step.encrypt));
    if (steps.some((count) => !Number.isInteger(count) || count < 1)) {
      throw new Error('a step is "encrypt" and a number of values');
    }
    return (context, done) => {
      emitter.emit('started');
      steps
        .reduce((before, count) => before.then(() => this.step(count, emitter)), Promise.resolve())
        .then(() => done(null, context), (error) => done(error, context));
    };
  }

  cleanup(done) {
    this.clients.forEach((client) => client.close());
    done();
  }
}

module.exports = Engine;

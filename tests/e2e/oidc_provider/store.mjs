// Everything the provider remembers (sessions, grants, codes, tokens), in one map that outlives a rotation of keys.
// oidc-provider calls the class once for each kind of artifact. Nothing is swept: a test's provider lives for minutes.

export function createStore() {
  const artifacts = new Map();

  class Adapter {
    constructor(kind) {
      this.kind = kind;
    }

    key(id) {
      return `${this.kind}:${id}`;
    }

    async upsert(id, payload) {
      artifacts.set(this.key(id), payload);
    }

    async find(id) {
      return artifacts.get(this.key(id));
    }

    async findByUid(uid) {
      return this.#findBy('uid', uid);
    }

    async findByUserCode(userCode) {
      return this.#findBy('userCode', userCode);
    }

    async consume(id) {
      const payload = artifacts.get(this.key(id));
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    }

    async destroy(id) {
      artifacts.delete(this.key(id));
    }

    async revokeByGrantId(grantId) {
      for (const [key, payload] of artifacts) {
        if (payload.grantId === grantId) artifacts.delete(key);
      }
    }

    #findBy(member, value) {
      for (const [key, payload] of artifacts) {
        if (key.startsWith(`${this.kind}:`) && payload[member] === value) return payload;
      }
      return undefined;
    }
  }

  return { Adapter, forget: () => artifacts.clear() };
}

// Quancheng citizen code (QC1): library for gates. Built from frontend/src/qc1 by `npm run gate`; Apache-2.0.

// src/qc1/bytes.ts
function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum2, part) => sum2 + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
function equal(a, b) {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
function hex(data) {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
function fromHex(text2) {
  if (!/^([0-9a-f]{2})*$/i.test(text2)) throw new SyntaxError("not hexadecimal");
  return Uint8Array.from(text2.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
function base64url(data) {
  let text2 = "";
  for (const byte of data) text2 += String.fromCharCode(byte);
  return btoa(text2).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
function fromBase64url(text2) {
  if (!/^[A-Za-z0-9_-]*$/.test(text2) || text2.length % 4 === 1) throw new SyntaxError("not base64url");
  const data = Uint8Array.from(atob(text2.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
  if (base64url(data) !== text2) throw new SyntaxError("base64url with spare bits");
  return data;
}
var utf8 = (text2) => new TextEncoder().encode(text2);
async function sha256(data) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

// src/qc1/sm3.ts
var IV = [1937774191, 1226093241, 388252375, 3666478592, 2842636476, 372324522, 3817729613, 2969243214];
var rotate = (word, by) => word << (by & 31) | word >>> (32 - by & 31);
var p0 = (word) => word ^ rotate(word, 9) ^ rotate(word, 17);
var p1 = (word) => word ^ rotate(word, 15) ^ rotate(word, 23);
function sm3(message) {
  const padded = new Uint8Array(message.length + 72 >> 6 << 6);
  padded.set(message);
  padded[message.length] = 128;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
  const state = [...IV];
  for (let at = 0; at < padded.length; at += 64) compress(state, view, at);
  const digest2 = new Uint8Array(32);
  state.forEach((word, place) => new DataView(digest2.buffer).setInt32(4 * place, word));
  return digest2;
}
function compress(state, view, at) {
  const w = Array.from({ length: 16 }, (_, j) => view.getInt32(at + 4 * j));
  for (let j = 16; j < 68; j += 1) w.push(p1(w[j - 16] ^ w[j - 9] ^ rotate(w[j - 3], 15)) ^ rotate(w[j - 13], 7) ^ w[j - 6]);
  let [a, b, c, d, e, f, g, h] = state;
  for (let j = 0; j < 64; j += 1) {
    const ss1 = rotate(rotate(a, 12) + e + rotate(j < 16 ? 2043430169 : 2055708042, j) | 0, 7);
    const ff = j < 16 ? a ^ b ^ c : a & b | a & c | b & c;
    const gg = j < 16 ? e ^ f ^ g : e & f | ~e & g;
    const tt1 = ff + d + (ss1 ^ rotate(a, 12)) + (w[j] ^ w[j + 4]) | 0;
    const tt2 = gg + h + ss1 + w[j] | 0;
    [d, c, b, a] = [c, rotate(b, 9), a, tt1];
    [h, g, f, e] = [g, rotate(f, 19), e, p0(tt2)];
  }
  [a, b, c, d, e, f, g, h].forEach((word, place) => {
    state[place] ^= word;
  });
}

// src/qc1/sm2.ts
var P = 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn;
var A = P - 3n;
var B = 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n;
var N = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;
var G = [0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n, 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n, 1n];
var INFINITY = [1n, 1n, 0n];
var IDENTITY = utf8("1234567812345678");
var mod = (value, by = P) => {
  const rest = value % by;
  return rest < 0n ? rest + by : rest;
};
var number = (data) => BigInt(`0x${hex(data) || "0"}`);
var spelled = (value) => fromHex(value.toString(16).padStart(64, "0"));
function double([x, y, z]) {
  if (z === 0n || y === 0n) return INFINITY;
  const yy = mod(y * y), s = mod(4n * x * yy), zz = mod(z * z);
  const m = mod(3n * (x - zz) * (x + zz));
  const nx = mod(m * m - 2n * s);
  return [nx, mod(m * (s - nx) - 8n * yy * yy), mod(2n * y * z)];
}
function add(one, two) {
  if (one[2] === 0n) return two;
  if (two[2] === 0n) return one;
  const z1 = mod(one[2] * one[2]), z2 = mod(two[2] * two[2]);
  const u1 = mod(one[0] * z2), u2 = mod(two[0] * z1);
  const s1 = mod(one[1] * two[2] * z2), s2 = mod(two[1] * one[2] * z1);
  if (u1 === u2) return s1 === s2 ? double(one) : INFINITY;
  const h = mod(u2 - u1), r = mod(s2 - s1), hh = mod(h * h), hhh = mod(h * hh), v = mod(u1 * hh);
  const x = mod(r * r - hhh - 2n * v);
  return [x, mod(r * (v - x) - s1 * hhh), mod(h * one[2] * two[2])];
}
function sum(s, t, q) {
  const table = [INFINITY, G, q, add(G, q)];
  let found = INFINITY;
  for (let bit = 255n; bit >= 0n; bit -= 1n) {
    found = double(found);
    const which = Number(s >> bit & 1n | (t >> bit & 1n) << 1n);
    if (which) found = add(found, table[which]);
  }
  return found;
}
function inverse(value) {
  let [a, b, x, y] = [mod(value), P, 1n, 0n];
  while (a > 1n) [a, b, x, y] = [b % a, a, y - b / a * x, x];
  return mod(x);
}
function point(key) {
  if (key.length !== 65 || key[0] !== 4) return null;
  const x = number(key.slice(1, 33)), y = number(key.slice(33));
  return x < P && y < P && mod(y * y) === mod(x * x * x + A * x + B) ? [x, y, 1n] : null;
}
function sm2Verify(key, message, signature) {
  const q = point(key);
  if (!q || signature.length !== 64) return false;
  const r = number(signature.slice(0, 32)), s = number(signature.slice(32));
  const t = (r + s) % N;
  if (r === 0n || r >= N || s === 0n || s >= N || t === 0n) return false;
  const z = sm3(concat(Uint8Array.of(0, 8 * IDENTITY.length), IDENTITY, spelled(A), spelled(B), spelled(G[0]), spelled(G[1]), key.slice(1)));
  const e = number(sm3(concat(z, message)));
  const found = sum(s, t, q);
  if (found[2] === 0n) return false;
  const inverted = inverse(found[2]);
  return mod(e + mod(found[0] * inverted * inverted), N) === r;
}

// src/qc1/keys.ts
var KID = 8;
var CURVES = { "EC P-256": "ES256", "EC SM2": "SM2-SM3", "OKP Ed25519": "EdDSA" };
var PublicKey = class _PublicKey {
  constructor(algorithm, data) {
    this.imported = null;
    this.algorithm = algorithm;
    this.data = data;
  }
  /** Raises SyntaxError: no key of an algorithm known here. */
  static fromJwk(jwk) {
    const algorithm = CURVES[`${jwk.kty} ${jwk.crv}`];
    if (!algorithm || jwk.alg !== void 0 && jwk.alg !== algorithm) throw new SyntaxError("key of an unknown kind");
    const coordinates = [jwk.x, ...jwk.kty === "EC" ? [jwk.y ?? ""] : []].map(fromBase64url);
    if (coordinates.some((one) => one.length !== 32)) throw new SyntaxError("key of wrong length");
    return new _PublicKey(algorithm, concat(...jwk.kty === "EC" ? [Uint8Array.of(4)] : [], ...coordinates));
  }
  /** An ES256 key of its uncompressed point. */
  static es256(point2) {
    return new _PublicKey("ES256", point2);
  }
  /** Members that RFC 7638 asks for, in its order. */
  get jwk() {
    const x = base64url(this.data.length === 65 ? this.data.slice(1, 33) : this.data);
    if (this.algorithm === "EdDSA") return { crv: "Ed25519", kty: "OKP", x };
    return { crv: this.algorithm === "ES256" ? "P-256" : "SM2", kty: "EC", x, y: base64url(this.data.slice(33)) };
  }
  async thumbprint() {
    return sha256(utf8(JSON.stringify(this.jwk)));
  }
  async kid() {
    return (await this.thumbprint()).slice(0, KID);
  }
  /** Whether the signature holds; a key that is no key holds for nothing. */
  async verify(message, signature) {
    if (signature.length !== 64) return false;
    if (this.algorithm === "SM2-SM3") return sm2Verify(this.data, message, signature);
    try {
      this.imported ??= this.load();
      const how = this.algorithm === "ES256" ? { name: "ECDSA", hash: "SHA-256" } : { name: "Ed25519" };
      return await crypto.subtle.verify(how, await this.imported, signature, message);
    } catch {
      return false;
    }
  }
  load() {
    const how = this.algorithm === "ES256" ? { name: "ECDSA", namedCurve: "P-256" } : { name: "Ed25519" };
    return crypto.subtle.importKey("raw", this.data, how, false, ["verify"]);
  }
};

// src/qc1/status.ts
var MOST = 2 ** 24;
var StatusLists = class _StatusLists {
  constructor(size, lists) {
    this.size = size;
    this.lists = lists;
  }
  /** Raises SyntaxError: a list is not what it should be. Nothing of a bad set is used. */
  static async open(packed) {
    if (!Number.isInteger(packed.size) || packed.size < 8 || packed.size % 8 || packed.size > MOST) throw new SyntaxError("status: size");
    const lists = /* @__PURE__ */ new Map();
    for (const [number2, text2] of Object.entries(packed.lists)) {
      const list = await inflate(fromBase64url(text2), packed.size / 8);
      if (!/^(0|[1-9]\d*)$/.test(number2) || list.length !== packed.size / 8) throw new SyntaxError(`status: list ${number2}`);
      lists.set(Number(number2), list);
    }
    return new _StatusLists(packed.size, lists);
  }
  /** A list that is not there has nobody stopped. */
  stopped(index) {
    const place = index % this.size;
    const list = this.lists.get((index - place) / this.size);
    return list !== void 0 && (list[place >> 3] >> (place & 7) & 1) === 1;
  }
};
async function inflate(packed, most) {
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const whole = new Uint8Array(most);
  let at = 0;
  try {
    for (; ; ) {
      const { done, value } = await reader.read();
      if (done) return whole.subarray(0, at);
      if (at + value.length > most) throw new SyntaxError("status: list too long");
      whole.set(value, at);
      at += value.length;
    }
  } catch {
    await reader.cancel().catch(() => void 0);
    throw new SyntaxError("status: not zlib, or too long");
  }
}

// src/qc1/base45.ts
var LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
function decode(text2) {
  if (text2.length % 3 === 1) throw new SyntaxError("base45: one letter too many");
  const data = [];
  for (let at = 0; at < text2.length; at += 3) {
    const digits = Array.from(text2.slice(at, at + 3), (letter) => LETTERS.indexOf(letter));
    if (digits.includes(-1)) throw new SyntaxError("base45: not a letter of it");
    const value = digits.reduceRight((sum2, digit) => sum2 * 45 + digit, 0);
    if (value > (digits.length === 3 ? 65535 : 255)) throw new SyntaxError("base45: number too large");
    if (digits.length === 3) data.push(value >> 8);
    data.push(value & 255);
  }
  return Uint8Array.from(data);
}

// src/qc1/cbor.ts
var DEEPEST = 16;
function encode(value) {
  if (value === null) return Uint8Array.of(246);
  if (typeof value === "boolean") return Uint8Array.of(value ? 245 : 244);
  if (typeof value === "bigint" || typeof value === "number") return encodeInteger(value);
  if (typeof value === "string") return concat(head(3, utf8(value).length), utf8(value));
  if (value instanceof Uint8Array) return concat(head(2, value.length), value);
  if (Array.isArray(value)) return concat(head(4, value.length), ...value.map(encode));
  const pairs = [...value].map(([key, one]) => [encode(key), encode(one)]).sort((a, b) => order(a[0], b[0]));
  return concat(head(5, value.size), ...pairs.flat());
}
function encodeInteger(value) {
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new RangeError("cbor: not a whole number");
  return value >= 0 ? head(0, value) : head(1, -1n - BigInt(value));
}
function head(major, size) {
  const first = major << 5;
  const whole = BigInt(size);
  if (whole < 24n) return Uint8Array.of(first | Number(whole));
  for (const [info, bytes] of [[24, 1], [25, 2], [26, 4], [27, 8]]) {
    if (whole >> BigInt(8 * bytes) === 0n) {
      const digits = Array.from({ length: bytes }, (_, at) => Number(whole >> BigInt(8 * (bytes - 1 - at)) & 0xffn));
      return Uint8Array.of(first | info, ...digits);
    }
  }
  throw new RangeError("cbor: integer too large");
}
function order(a, b) {
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) if (a[at] !== b[at]) return a[at] - b[at];
  return a.length - b.length;
}
function decode2(data) {
  const reader = new Reader(data);
  const value = reader.value(0);
  if (!reader.done) throw new SyntaxError("cbor: bytes after the end");
  return value;
}
var Reader = class {
  constructor(data) {
    this.at = 0;
    this.data = data;
  }
  get done() {
    return this.at === this.data.length;
  }
  take(size) {
    if (size > this.data.length - this.at) throw new SyntaxError("cbor: ends too early");
    this.at += size;
    return this.data.subarray(this.at - size, this.at);
  }
  head() {
    const first = this.take(1)[0];
    const info = first & 31;
    if (info < 24) return [first >> 5, BigInt(info)];
    if (info > 27) throw new SyntaxError("cbor: indefinite length or reserved");
    if (first >> 5 === 7) throw new SyntaxError("cbor: floating point or simple value");
    const bytes = 1 << info - 24;
    const value = this.take(bytes).reduce((sum2, byte) => sum2 << 8n | BigInt(byte), 0n);
    if (value < (bytes === 1 ? 24n : 1n << BigInt(4 * bytes))) throw new SyntaxError("cbor: not the shortest length");
    return [first >> 5, value];
  }
  value(depth) {
    if (depth > DEEPEST) throw new SyntaxError("cbor: nested too deep");
    const [major, size] = this.head();
    if (major === 0) return plain(size);
    if (major === 1) return plain(-1n - size);
    if (major === 7) return simple(size);
    if (major === 6) throw new SyntaxError("cbor: tag");
    if (size > BigInt(this.data.length)) throw new SyntaxError("cbor: ends too early");
    if (major === 2) return this.take(Number(size)).slice();
    if (major === 3) return text(this.take(Number(size)));
    if (major === 4) return Array.from({ length: Number(size) }, () => this.value(depth + 1));
    return this.map(Number(size), depth);
  }
  map(size, depth) {
    const made = /* @__PURE__ */ new Map();
    let before = null;
    for (let count = 0; count < size; count += 1) {
      const start = this.at;
      const key = this.value(depth + 1);
      const spelled2 = this.data.subarray(start, this.at);
      if (typeof key !== "number" && typeof key !== "string") throw new SyntaxError("cbor: key is no integer or text");
      if (before && order(before, spelled2) >= 0) throw new SyntaxError("cbor: keys not in order, or twice");
      before = spelled2;
      made.set(key, this.value(depth + 1));
    }
    return made;
  }
};
function plain(value) {
  const number2 = Number(value);
  return Number.isSafeInteger(number2) ? number2 : value;
}
function simple(value) {
  if (value === 20n) return false;
  if (value === 21n) return true;
  if (value === 22n) return null;
  throw new SyntaxError("cbor: simple value");
}
function text(data) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new SyntaxError("cbor: text is not UTF-8");
  }
}

// src/qc1/cose.ts
var ALG = 1;
var CRIT = 2;
var KID2 = 4;
var LABELS = { "ES256": -7, "EdDSA": -8, "SM2-SM3": -65539 };
function parse1(data) {
  const parts = decode2(data);
  if (!Array.isArray(parts) || parts.length !== 4) throw new SyntaxError("cose: not an array of four");
  const [spelled2, open, payload, signature] = parts;
  if (!(spelled2 instanceof Uint8Array && payload instanceof Uint8Array && signature instanceof Uint8Array)) throw new SyntaxError("cose: parts of other types");
  if (!(open instanceof Map) || open.size) throw new SyntaxError("cose: unprotected headers");
  const headers = spelled2.length ? decode2(spelled2) : /* @__PURE__ */ new Map();
  if (!(headers instanceof Map) || headers.has(CRIT)) throw new SyntaxError("cose: protected headers");
  return { protected: spelled2, headers, payload, signature };
}
function kidOf(message) {
  const name = message.headers.get(KID2);
  return name instanceof Uint8Array ? hex(name) : "";
}
function signedBytes(headers, payload, external) {
  return encode(["Signature1", headers, external, payload]);
}
async function verify1(message, key, external = new Uint8Array()) {
  if (message.headers.get(ALG) !== LABELS[key.algorithm]) return false;
  return key.verify(signedBytes(message.protected, message.payload, external), message.signature);
}

// src/qc1/p256.ts
var P2 = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
var B2 = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
function decompress(point2) {
  const sign = point2[0];
  if (point2.length !== 33 || sign !== 2 && sign !== 3) throw new SyntaxError("not a compressed point");
  const x = BigInt(`0x${hex(point2.slice(1))}`);
  const square = (((x * x - 3n) * x + B2) % P2 + P2) % P2;
  const root = power(square, P2 + 1n >> 2n);
  if (x >= P2 || root * root % P2 !== square) throw new SyntaxError("not a point of the curve");
  const y = (root & 1n) === BigInt(sign & 1) ? root : P2 - root;
  return concat(Uint8Array.of(4), point2.slice(1), fromHex(y.toString(16).padStart(64, "0")));
}
function power(base, exponent) {
  let found = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n, square = square * square % P2) {
    if (left & 1n) found = found * square % P2;
  }
  return found;
}

// src/qc1/reasons.ts
var REASONS = {
  "malformed": { zh: "这不是泉城码。", en: "This is not a citizen code." },
  "unknown-issuer": { zh: "签发者未知，请更新名单。", en: "Unknown issuer; update the list of keys." },
  "bad-signature": { zh: "签名不符，可能是伪造的码。", en: "The signature does not hold; the code may be forged." },
  "not-yet": { zh: "码尚未生效，请核对时钟。", en: "The code is not valid yet; check the clock." },
  "expired": { zh: "码已过期，请联网续期。", en: "The code has expired; renew it with a network." },
  "too-long": { zh: "码的有效期超过规定。", en: "The code claims to live longer than allowed." },
  "stopped": { zh: "此码已停用。", en: "This code was stopped." },
  "scene-off": { zh: "此码不用于本场景。", en: "This code is not for this place." },
  "printed-refused": { zh: "本场景不收纸质码。", en: "Printed codes are not taken here." },
  "stale": { zh: "码已过时，请刷新后再扫，不要用截图。", en: "The code is too old; show a fresh one, no screenshot." },
  "replayed": { zh: "这个码刚刚用过。", en: "This code was used just now." },
  "wrong-challenge": { zh: "码与本机的口令不符。", en: "The code does not answer this reader's challenge." },
  "clock": { zh: "本机时钟不准，请校时。", en: "This reader's clock is wrong; set it." }
};
var CodeFault = class extends Error {
  constructor(reason, detail = "") {
    super(detail ? `${reason}: ${detail}` : reason);
    this.reason = reason;
  }
};

// src/qc1/token.ts
var PREFIX = "QC1:";
var STEP_SECONDS = 30;
var MOST_TEXT = 1200;
var SUBJECT_BYTES = 12;
var NONCE_BYTES = 8;
var MOST_CHALLENGE = 16;
var SUB = 2;
var EXP = 4;
var IAT = 6;
var OWN = -65600;
var hasBit = (mask, bit) => Math.floor(mask / 2 ** bit) % 2 === 1;
var stepOf = (now) => Math.floor(now / STEP_SECONDS);
var digest = (credential) => sha256(credential);
function read(text2) {
  if (!text2.startsWith(PREFIX) || text2.length > MOST_TEXT) throw new CodeFault("malformed", "prefix or length");
  try {
    const parts = decode2(decode(text2.slice(PREFIX.length)));
    if (!Array.isArray(parts) || parts.length < 1 || parts.length > 2) throw new SyntaxError("not one or two layers");
    const [first, second] = parts;
    if (!(first instanceof Uint8Array) || parts.length === 2 && !(second instanceof Uint8Array)) throw new SyntaxError("layers are byte strings");
    const shown = { credential: first, ...readCredential(first) };
    if (!(second instanceof Uint8Array)) return { ...shown, presentation: null, step: 0, nonce: new Uint8Array(), challenge: new Uint8Array() };
    const presentation = parse1(second);
    if (presentation.headers.size !== 1 || !presentation.headers.has(1)) throw new SyntaxError("headers of layer 2");
    return { ...shown, presentation, ...moment(presentation.payload) };
  } catch (wrong) {
    if (wrong instanceof SyntaxError) throw new CodeFault("malformed", wrong.message);
    throw wrong;
  }
}
function readCredential(credential) {
  const message = parse1(credential);
  const claims = decode2(message.payload);
  if (!(claims instanceof Map) || claims.size !== 4 || ![SUB, EXP, IAT, OWN].every((name) => claims.has(name))) throw new SyntaxError("claims");
  const subject = claims.get(SUB), own = claims.get(OWN);
  if (!(subject instanceof Uint8Array) || subject.length !== SUBJECT_BYTES || !Array.isArray(own)) throw new SyntaxError("subject");
  const numbers = [claims.get(EXP), claims.get(IAT), ...own.slice(0, 5)];
  if (numbers.length !== 7 || !numbers.every(isCount)) throw new SyntaxError("numbers");
  const [expires, issued, kind, level, entitlements, scenes, statusIndex] = numbers;
  return { message, facts: { subject, issued, expires, level, entitlements, scenes, statusIndex, device: deviceOf(kind, own.slice(5)) } };
}
var isCount = (value) => typeof value === "number" && value >= 0;
function deviceOf(kind, rest) {
  const [point2] = rest;
  if (kind === 1 && !rest.length) return null;
  if (kind !== 0 || rest.length !== 1 || !(point2 instanceof Uint8Array)) throw new SyntaxError("own claims");
  return PublicKey.es256(decompress(point2));
}
function moment(payload) {
  const parts = decode2(payload);
  if (!Array.isArray(parts) || parts.length < 2 || parts.length > 3) throw new SyntaxError("layer 2 is [step, nonce] or [step, nonce, challenge]");
  const [step, nonce, challenge] = parts;
  const asked = challenge ?? new Uint8Array();
  if (!isCount(step) || !(nonce instanceof Uint8Array) || nonce.length !== NONCE_BYTES || !(asked instanceof Uint8Array)) throw new SyntaxError("layer 2");
  if (parts.length === 3 && (asked.length < 1 || asked.length > MOST_CHALLENGE)) throw new SyntaxError("challenge");
  return { step, nonce, challenge: asked };
}

// src/qc1/bundle.ts
var Bundle = class _Bundle {
  constructor(packed, keys, status) {
    this.packed = packed;
    this.keys = keys;
    this.status = status;
    this.skew = packed.limits.skew_seconds;
    this.window = packed.limits.window_steps;
    this.longestPrinted = (packed.limits.printed_days ?? 400) * 86400;
  }
  /** Raises SyntaxError: a part is not what it should be; nothing of such a bundle is used. Keys of kinds unknown here are left out. */
  static async open(packed) {
    if (packed.version !== 1 || !Array.isArray(packed.keys) || !Array.isArray(packed.scenes)) throw new SyntaxError("bundle of another version");
    for (const name of ["skew_seconds", "window_steps", "stale_seconds"]) {
      if (!(packed.limits[name] >= 0)) throw new SyntaxError(`bundle: ${name}`);
    }
    const keys = /* @__PURE__ */ new Map();
    for (const jwk of packed.keys) {
      const key = known(jwk);
      if (key) keys.set(hex(await key.kid()), key);
    }
    return new _Bundle(packed, keys, await StatusLists.open(packed.status));
  }
  stopped(index) {
    return this.status.stopped(index);
  }
  scene(code) {
    return this.packed.scenes.find((one) => one.code === code);
  }
  /** Entitlements of a mask, only those the scene needs. */
  told(mask, scene) {
    return this.packed.entitlements.filter((one) => hasBit(mask, one.bit) && scene.entitlements.includes(one.code));
  }
  /** Too old to be trusted about stopped credentials. */
  tooOld(now) {
    return now - this.packed.time > this.packed.limits.stale_seconds;
  }
};
function known(jwk) {
  try {
    return PublicKey.fromJwk(jwk);
  } catch {
    return null;
  }
}

// src/qc1/store.ts
var MEMORY = 600;
var MemoryStore = class {
  constructor() {
    this.scans = [];
    this.done = 0;
    this.things = /* @__PURE__ */ new Map();
  }
  append(scan) {
    this.scans.push(scan);
  }
  waiting() {
    return this.scans.slice(this.done);
  }
  recent() {
    return this.scans;
  }
  sent(count) {
    this.done += count;
    const last = this.scans[this.scans.length - 1]?.at ?? 0;
    const old = this.scans.slice(0, this.done).filter((scan) => scan.at < last - MEMORY).length;
    this.forget(old);
  }
  forget(count) {
    this.scans = this.scans.slice(count);
    this.done -= count;
  }
  keep(name, value) {
    this.things.set(name, value);
  }
  kept(name) {
    return this.things.get(name);
  }
};
var FileStore = class _FileStore extends MemoryStore {
  constructor(files, folder) {
    super();
    this.journal = -1;
    this.files = files;
    this.folder = folder;
  }
  static async open(folder) {
    const store = new _FileStore(await import("node:fs"), folder);
    store.files.mkdirSync(folder, { recursive: true });
    store.read();
    return store;
  }
  path(name) {
    return `${this.folder}/${name}`;
  }
  read() {
    const path = this.path("scans.jsonl");
    const lines = this.files.existsSync(path) ? this.files.readFileSync(path, "utf8").split("\n") : [];
    for (const line of lines) {
      const entry = parsed(line);
      if (entry && "sent" in entry) this.done += entry.sent;
      else if (entry) this.scans.push(entry);
    }
    this.done = Math.min(this.done, this.scans.length);
    this.rewrite();
  }
  /** What is left, under another name first: a power cut leaves the one or the other. */
  rewrite() {
    if (this.journal >= 0) this.files.closeSync(this.journal);
    const lines = [...this.scans, ...this.done ? [{ sent: this.done }] : []].map((one) => `${JSON.stringify(one)}
`).join("");
    this.replace("scans.jsonl", lines);
    this.journal = this.files.openSync(this.path("scans.jsonl"), "a");
  }
  replace(name, text2) {
    const file = this.files.openSync(this.path(`${name}.new`), "w");
    this.files.writeSync(file, text2);
    this.files.fsyncSync(file);
    this.files.closeSync(file);
    this.files.renameSync(this.path(`${name}.new`), this.path(name));
  }
  line(entry) {
    this.files.writeSync(this.journal, `${JSON.stringify(entry)}
`);
    this.files.fsyncSync(this.journal);
  }
  append(scan) {
    this.line(scan);
    super.append(scan);
  }
  sent(count) {
    this.line({ sent: count });
    super.sent(count);
  }
  forget(count) {
    super.forget(count);
    if (count) this.rewrite();
  }
  keep(name, value) {
    this.replace(`${name}.json`, JSON.stringify(value ?? null));
  }
  kept(name) {
    const path = this.path(`${name}.json`);
    if (!this.files.existsSync(path)) return void 0;
    return JSON.parse(this.files.readFileSync(path, "utf8")) ?? void 0;
  }
};
function parsed(line) {
  try {
    return line ? JSON.parse(line) : null;
  } catch {
    return null;
  }
}

// src/qc1/verify.ts
var WEEK = 7 * 86400;
var DAY = 86400;
var ReplaySet = class {
  constructor(keep = 4, kept = []) {
    this.keep = keep;
    this.taken = new Map(kept.map(([step, marks]) => [step, new Set(marks)]));
  }
  seen(step, mark) {
    return this.taken.get(step)?.has(mark) ?? false;
  }
  /** Forgets what is older than it keeps, and never what ``earliest`` says is still taken. */
  take(step, mark, nowStep, earliest = Infinity) {
    const marks = this.taken.get(step) ?? /* @__PURE__ */ new Set();
    this.taken.set(step, marks.add(mark));
    for (const old of [...this.taken.keys()]) if (old < Math.min(nowStep - this.keep - 1, earliest)) this.taken.delete(old);
  }
  /** As plain data, so that a reader that restarts still knows. */
  get kept() {
    return [...this.taken].map(([step, marks]) => [step, [...marks]]);
  }
};
var Drift = class {
  constructor(needed = 5) {
    this.last = [];
    this.needed = needed;
  }
  note(credential, steps) {
    if (steps === 0) this.last = [];
    else if (this.last.every(([one]) => one !== credential)) this.last.push([credential, steps]);
    if (this.last.length > this.needed) this.last.shift();
  }
  get wrong() {
    const offsets = this.last.map(([, steps]) => steps);
    if (offsets.length < this.needed) return false;
    const least = Math.min(...offsets), most = Math.max(...offsets);
    return (least > 0 || most < 0) && most - least <= 4;
  }
};
var Gate = class {
  constructor(knows, replay = new ReplaySet()) {
    this.drift = new Drift();
    this.knows = knows;
    this.replay = replay;
  }
  /** Take a code now (Unix seconds) at a scene (bit number). Raises CodeFault; never answers a doubt. */
  async verify(text2, asked) {
    const shown = read(text2);
    const { facts } = shown;
    await this.city(shown);
    this.times(facts, asked.now);
    if (this.knows.stopped(facts.statusIndex)) throw new CodeFault("stopped");
    if (!hasBit(facts.scenes, asked.scene)) throw new CodeFault("scene-off");
    const name = await digest(shown.credential);
    if (!facts.device) return this.paper(shown, hex(name), asked);
    await this.phone(shown, facts.device, name);
    this.moment(shown, hex(name), asked.now);
    if (!equal(asked.challenge ?? new Uint8Array(), shown.challenge)) throw new CodeFault("wrong-challenge");
    const mark = hex(concat(name.slice(0, 16), shown.nonce));
    if (this.replay.seen(shown.step, mark)) throw new CodeFault("replayed");
    this.replay.take(shown.step, mark, stepOf(asked.now), this.earliest(asked.now));
    return { facts, credential: hex(name), step: shown.step, nonce: hex(shown.nonce), printed: false };
  }
  async city(shown) {
    const key = this.knows.keys.get(kidOf(shown.message));
    if (!key) throw new CodeFault("unknown-issuer", kidOf(shown.message));
    if (!await verify1(shown.message, key)) throw new CodeFault("bad-signature", "layer 1");
  }
  times(facts, now) {
    const longest = facts.device ? WEEK : this.knows.longestPrinted ?? 400 * DAY;
    if (facts.expires - facts.issued > longest) throw new CodeFault("too-long");
    if (now + this.knows.skew < facts.issued) throw new CodeFault("not-yet");
    if (now >= facts.expires) throw new CodeFault("expired");
  }
  paper(shown, name, asked) {
    if (shown.presentation) throw new CodeFault("malformed", "a printed code has one layer");
    if (asked.printedAllowed === false || asked.challenge?.length) throw new CodeFault("printed-refused");
    return { facts: shown.facts, credential: name, step: 0, nonce: "", printed: true };
  }
  async phone(shown, device, name) {
    if (!shown.presentation) throw new CodeFault("malformed", "a phone's code has two layers");
    if (!await verify1(shown.presentation, device, name)) throw new CodeFault("bad-signature", "layer 2");
  }
  earliest(now) {
    return stepOf(now - this.knows.skew) - this.knows.window;
  }
  moment(shown, name, now) {
    const earliest = this.earliest(now);
    const latest = stepOf(now + this.knows.skew);
    const off = shown.step >= earliest && shown.step <= latest ? 0 : shown.step - stepOf(now);
    this.drift.note(name, off);
    if (this.drift.wrong) throw new CodeFault("clock", `about ${off * 30} s`);
    if (off) throw new CodeFault(off < 0 ? "stale" : "not-yet", `${off} steps`);
  }
};

// src/qc1/gate.ts
var BLOCKED = {
  "no-list": { zh: "还没有名单，请联网。", en: "There are no lists yet; connect to the network." },
  "old-list": { zh: "名单太旧，请联网。", en: "The lists are too old; connect to the network." },
  "no-scene": { zh: "名单里没有本场景，请联系管理员。", en: "This scene is not in the lists; ask the operator." }
};
var MOST_TEXT2 = 1200;
var PACKET = 5e3;
var PATIENCE = 2e4;
var QcGate = class _QcGate {
  constructor(options) {
    this.bundle = null;
    this.gate = null;
    this.clockOff = false;
    this.tag = "";
    this.uploading = false;
    this.options = options;
    this.store = options.store ?? new MemoryStore();
    this.clock = options.clock ?? (() => Date.now() / 1e3);
  }
  /** A gate with what it kept from before; call ``refresh`` then. */
  static async open(options) {
    const made = new _QcGate(options);
    const kept = made.store.kept("bundle");
    if (kept) await made.use(kept).catch(() => void 0);
    return made;
  }
  /** Scans that wait for upload. */
  get waiting() {
    return this.store.waiting().length;
  }
  async use(packed) {
    this.bundle = await Bundle.open(packed);
    if (this.gate) this.gate.knows = this.bundle;
    else this.gate = new Gate(this.bundle, await this.remembered());
  }
  /** What was taken a moment ago, read from the scans: a restart forgets nothing. */
  async remembered() {
    const memory = new ReplaySet();
    const now = stepOf(this.clock());
    for (const scan of this.store.recent()) {
      if (scan.verdict !== "ok" || scan.at < this.clock() - 300) continue;
      const shown = read(scan.token);
      const mark = hex(concat((await digest(shown.credential)).slice(0, 16), shown.nonce));
      if (shown.presentation) memory.take(shown.step, mark, now);
    }
    return memory;
  }
  get blocked() {
    if (!this.bundle) return "no-list";
    if (this.bundle.tooOld(this.clock())) return "old-list";
    return this.bundle.scene(this.options.scene) ? null : "no-scene";
  }
  /** Check a code as read. When this answers ``open``, the scan is kept; when it raises, do not open. */
  async check(text2) {
    const { blocked } = this;
    if (blocked || !this.bundle || !this.gate) return { open: false, why: blocked ?? "no-list", said: BLOCKED[blocked ?? "no-list"] };
    const scene = this.bundle.scene(this.options.scene);
    const at = Math.floor(this.clock());
    const answer = await this.judge(text2, this.gate, scene, at);
    if (text2.startsWith(PREFIX) && text2.length <= MOST_TEXT2) {
      this.store.append({ token: text2, at, scene: scene.code, verdict: answer.open ? "ok" : answer.why });
    }
    return answer;
  }
  async judge(text2, gate, scene, now) {
    try {
      if (this.clockOff) throw new CodeFault("clock");
      const verdict = await gate.verify(text2, { now, scene: scene.bit, printedAllowed: scene.printed });
      const rights = this.bundle.told(verdict.facts.entitlements, scene).map((one) => one.code);
      return { open: true, level: verdict.facts.level, rights, printed: verdict.printed, verdict };
    } catch (failure) {
      if (!(failure instanceof CodeFault)) throw failure;
      return { open: false, why: failure.reason, said: REASONS[failure.reason] };
    }
  }
  /** Fetch the lists; true when the city answered. A bundle that is none is not used: the one that is there goes on. */
  async refresh() {
    try {
      const answer = await this.ask("/api/v1/code/bundle", { headers: this.tag ? { "If-None-Match": this.tag } : {} });
      if (answer.status === 304 && this.bundle) {
        this.current(Date.parse(answer.headers.get("Date") ?? "") / 1e3, this.bundle.packed);
        return true;
      }
      if (!answer.ok) return false;
      const packed = await answer.json();
      await this.use(packed);
      this.tag = answer.headers.get("ETag") ?? "";
      this.current(packed.time, packed);
      return true;
    } catch {
      return false;
    }
  }
  /** The lists are as of ``time``, says the city; is this gate's clock the same? */
  current(time, packed) {
    if (!Number.isFinite(time)) return;
    packed.time = Math.floor(time);
    this.clockOff = Math.abs(this.clock() - time) > packed.limits.skew_seconds;
    this.store.keep("bundle", packed);
  }
  /** Send what waits. A packet keeps its key until it was answered, also over a restart. Returns how many were taken. */
  async upload() {
    if (this.uploading) return 0;
    this.uploading = true;
    let taken = 0;
    try {
      for (let packet = this.packet(); packet; packet = this.packet()) {
        if (!await this.deliver(packet)) break;
        taken += packet.scans.length;
      }
    } finally {
      this.uploading = false;
    }
    return taken;
  }
  packet() {
    const begun = this.store.kept("packet");
    const waiting = this.store.waiting();
    if (begun) {
      const still = JSON.stringify(waiting.slice(0, begun.scans.length)) === JSON.stringify(begun.scans);
      if (still) return begun;
      this.store.keep("packet", void 0);
    }
    if (!waiting.length) return null;
    const made = { key: crypto.randomUUID(), scans: waiting.slice(0, PACKET) };
    this.store.keep("packet", made);
    return made;
  }
  /** True when the city answered for the packet. One it will never take is kept beside, so that it does not hold up the rest. */
  async deliver(packet) {
    const body = JSON.stringify({ sent_at: Math.floor(this.clock()), scans: packet.scans });
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${this.options.token}`, "Idempotency-Key": packet.key };
    const answer = await this.ask("/api/v1/code/scans", { method: "POST", body, headers }).catch(() => null);
    if (!answer || [401, 403, 408, 429].includes(answer.status) || answer.status >= 500) return false;
    if (!answer.ok) this.store.keep(`refused-${packet.key}`, { status: answer.status, said: await answer.text(), scans: packet.scans });
    this.store.sent(packet.scans.length);
    this.store.keep("packet", void 0);
    return true;
  }
  ask(path, init) {
    const send = this.options.fetch ?? fetch;
    const headers = { Accept: "application/json", ...init.headers };
    return send(new URL(path, this.options.city), { ...init, headers, redirect: "error", signal: AbortSignal.timeout(PATIENCE) });
  }
};
export {
  Bundle,
  CodeFault,
  FileStore,
  Gate,
  MemoryStore,
  QcGate,
  REASONS,
  ReplaySet,
  read
};

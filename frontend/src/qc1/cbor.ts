// CBOR (RFC 8949), only its deterministic encoding (section 4.2.1) and only what tokens use: integers, byte and
// text strings, arrays, maps, true, false, null. Anything else is refused, so that no two byte strings mean the same;
// tags too, for QC1 has none and libraries differ in what they make of them.
import { type Bytes, concat, utf8 } from "./bytes";

export type Key = number | string;
export type Value = number | bigint | string | boolean | null | Uint8Array | Value[] | Map<Key, Value>;

const DEEPEST = 16;

export function encode(value: Value): Bytes {
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === "boolean") return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (typeof value === "bigint" || typeof value === "number") return encodeInteger(value);
  if (typeof value === "string") return concat(head(3, utf8(value).length), utf8(value));
  if (value instanceof Uint8Array) return concat(head(2, value.length), value);
  if (Array.isArray(value)) return concat(head(4, value.length), ...value.map(encode));
  const pairs = [...value].map(([key, one]) => [encode(key), encode(one)] as const).sort((a, b) => order(a[0], b[0]));
  return concat(head(5, value.size), ...pairs.flat());
}

function encodeInteger(value: number | bigint): Bytes {
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new RangeError("cbor: not a whole number");
  return value >= 0 ? head(0, value) : head(1, -1n - BigInt(value));
}

function head(major: number, size: number | bigint): Bytes {
  const first = major << 5;
  const whole = BigInt(size);
  if (whole < 24n) return Uint8Array.of(first | Number(whole));
  for (const [info, bytes] of [[24, 1], [25, 2], [26, 4], [27, 8]] as const) {
    if (whole >> BigInt(8 * bytes) === 0n) {
      const digits = Array.from({ length: bytes }, (_, at) => Number((whole >> BigInt(8 * (bytes - 1 - at))) & 0xffn));
      return Uint8Array.of(first | info, ...digits);
    }
  }
  throw new RangeError("cbor: integer too large");
}

function order(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) if (a[at] !== b[at]) return a[at]! - b[at]!;
  return a.length - b.length;
}

/** One value and nothing after it. Raises SyntaxError. */
export function decode(data: Uint8Array): Value {
  const reader = new Reader(data);
  const value = reader.value(0);
  if (!reader.done) throw new SyntaxError("cbor: bytes after the end");
  return value;
}

class Reader {
  private data: Uint8Array;
  private at = 0;
  constructor(data: Uint8Array) { this.data = data; }

  get done(): boolean { return this.at === this.data.length; }

  private take(size: number): Uint8Array {
    if (size > this.data.length - this.at) throw new SyntaxError("cbor: ends too early");
    this.at += size;
    return this.data.subarray(this.at - size, this.at);
  }

  private head(): [number, bigint] {
    const first = this.take(1)[0]!;
    const info = first & 31;
    if (info < 24) return [first >> 5, BigInt(info)];
    if (info > 27) throw new SyntaxError("cbor: indefinite length or reserved");
    if (first >> 5 === 7) throw new SyntaxError("cbor: floating point or simple value");
    const bytes = 1 << (info - 24);
    const value = this.take(bytes).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    if (value < (bytes === 1 ? 24n : 1n << BigInt(4 * bytes))) throw new SyntaxError("cbor: not the shortest length");
    return [first >> 5, value];
  }

  value(depth: number): Value {
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

  private map(size: number, depth: number): Map<Key, Value> {
    const made = new Map<Key, Value>();
    let before: Uint8Array | null = null;
    for (let count = 0; count < size; count += 1) {
      const start = this.at;
      const key = this.value(depth + 1);
      const spelled = this.data.subarray(start, this.at);
      if (typeof key !== "number" && typeof key !== "string") throw new SyntaxError("cbor: key is no integer or text");
      if (before && order(before, spelled) >= 0) throw new SyntaxError("cbor: keys not in order, or twice");
      before = spelled;
      made.set(key, this.value(depth + 1));
    }
    return made;
  }
}

function plain(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function simple(value: bigint): boolean | null {
  if (value === 20n) return false;
  if (value === 21n) return true;
  if (value === 22n) return null;
  throw new SyntaxError("cbor: simple value");
}

function text(data: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new SyntaxError("cbor: text is not UTF-8");
  }
}

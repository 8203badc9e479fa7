// COSE_Sign1 (RFC 9052 section 4.2) as QC1 uses it: untagged, protected headers only, algorithm taken from the key.
import { type Bytes, hex } from "./bytes";
import { type Key, type Value, decode, encode } from "./cbor";
import type { Algorithm, PublicKey } from "./keys";

const ALG = 1, CRIT = 2, KID = 4;
const LABELS: Record<Algorithm, number> = { "ES256": -7, "EdDSA": -8, "SM2-SM3": -65539 };

export interface Sign1 {
  protected: Uint8Array;
  headers: Map<Key, Value>;
  payload: Uint8Array;
  signature: Uint8Array;
}

/** The parts; no signature is checked. Raises SyntaxError. */
export function parse1(data: Uint8Array): Sign1 {
  const parts = decode(data);
  if (!Array.isArray(parts) || parts.length !== 4) throw new SyntaxError("cose: not an array of four");
  const [spelled, open, payload, signature] = parts as [Value, Value, Value, Value];
  if (!(spelled instanceof Uint8Array && payload instanceof Uint8Array && signature instanceof Uint8Array)) throw new SyntaxError("cose: parts of other types");
  if (!(open instanceof Map) || open.size) throw new SyntaxError("cose: unprotected headers");
  const headers = spelled.length ? decode(spelled) : new Map<Key, Value>();
  if (!(headers instanceof Map) || headers.has(CRIT)) throw new SyntaxError("cose: protected headers");
  return { protected: spelled, headers, payload, signature };
}

/** Name of the key in hexadecimal; empty when none is given. */
export function kidOf(message: Sign1): string {
  const name = message.headers.get(KID);
  return name instanceof Uint8Array ? hex(name) : "";
}

/** Sig_structure of RFC 9052 section 4.4. */
export function signedBytes(headers: Uint8Array, payload: Uint8Array, external: Uint8Array): Bytes {
  return encode(["Signature1", headers, external, payload]);
}

/** Whether ``key`` signed the message, by its own algorithm. */
export async function verify1(message: Sign1, key: PublicKey, external: Uint8Array = new Uint8Array()): Promise<boolean> {
  if (message.headers.get(ALG) !== LABELS[key.algorithm]) return false;
  return key.verify(signedBytes(message.protected, message.payload, external), message.signature);
}

/** An untagged COSE_Sign1 by a P-256 key of this device, without a name. */
export async function sign1(payload: Uint8Array, key: CryptoKey, external: Uint8Array): Promise<Bytes> {
  const headers = encode(new Map([[ALG, LABELS.ES256]]));
  const signed = signedBytes(headers, payload, external);
  const signature = new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, signed));
  return encode([headers, new Map(), payload, signature]);
}

// The two layers of a code: making the second, reading both. The layout is frozen: docs/formats/qc1.md.
import * as base45 from "./base45";
import { type Bytes, sha256 } from "./bytes";
import { type Value, decode, encode } from "./cbor";
import { type Sign1, parse1, sign1 } from "./cose";
import { PublicKey } from "./keys";
import { decompress } from "./p256";
import { CodeFault } from "./reasons";

export const PREFIX = "QC1:";
export const STEP_SECONDS = 30;
const MOST_TEXT = 1200;
const SUBJECT_BYTES = 12, NONCE_BYTES = 8, MOST_CHALLENGE = 16;
const SUB = 2, EXP = 4, IAT = 6, OWN = -65600;

/** What the city says in a credential. Times in Unix seconds; masks are bits of the bundle's vocabularies. */
export interface Facts {
  subject: Uint8Array; issued: number; expires: number; level: number;
  /** Whole numbers below 2^53: test bits with ``hasBit``. */
  entitlements: number; scenes: number; statusIndex: number;
  /** The phone's key; null for a printed code. */
  device: PublicKey | null;
}

/** A code as read, nothing checked yet. */
export interface Shown {
  credential: Bytes; message: Sign1; facts: Facts; presentation: Sign1 | null; step: number; nonce: Uint8Array; challenge: Uint8Array;
}

export const hasBit = (mask: number, bit: number): boolean => Math.floor(mask / 2 ** bit) % 2 === 1;
export const stepOf = (now: number): number => Math.floor(now / STEP_SECONDS);

/** SHA-256 of layer 1: what layer 2 is bound to, and its name in registers. */
export const digest = (credential: Uint8Array): Promise<Bytes> => sha256(credential);

/** The text of the QR code for this moment (``now`` in Unix seconds), signed by the phone's key. */
export async function present(credential: Uint8Array, key: CryptoKey, now: number, challenge: Uint8Array = new Uint8Array()): Promise<string> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const moment: Value[] = [stepOf(now), nonce, ...(challenge.length ? [challenge] : [])];
  const second = await sign1(encode(moment), key, await digest(credential));
  return PREFIX + base45.encode(encode([credential, second]));
}

/** The text of a printed code: layer 1 alone. */
export const printed = (credential: Uint8Array): string => PREFIX + base45.encode(encode([credential]));

/** The parts of a code; nothing is verified. Raises CodeFault (malformed). */
export function read(text: string): Shown {
  if (!text.startsWith(PREFIX) || text.length > MOST_TEXT) throw new CodeFault("malformed", "prefix or length");
  try {
    const parts = decode(base45.decode(text.slice(PREFIX.length)));
    if (!Array.isArray(parts) || parts.length < 1 || parts.length > 2) throw new SyntaxError("not one or two layers");
    const [first, second] = parts;
    if (!(first instanceof Uint8Array) || (parts.length === 2 && !(second instanceof Uint8Array))) throw new SyntaxError("layers are byte strings");
    const shown = { credential: first as Bytes, ...readCredential(first) };
    if (!(second instanceof Uint8Array)) return { ...shown, presentation: null, step: 0, nonce: new Uint8Array(), challenge: new Uint8Array() };
    const presentation = parse1(second);
    if (presentation.headers.size !== 1 || !presentation.headers.has(1)) throw new SyntaxError("headers of layer 2");
    return { ...shown, presentation, ...moment(presentation.payload) };
  } catch (wrong) {
    if (wrong instanceof SyntaxError) throw new CodeFault("malformed", wrong.message);
    throw wrong;
  }
}

/** What layer 1 says, unchecked. Raises SyntaxError. */
export function readCredential(credential: Uint8Array): { message: Sign1; facts: Facts } {
  const message = parse1(credential);
  const claims = decode(message.payload);
  if (!(claims instanceof Map) || claims.size !== 4 || ![SUB, EXP, IAT, OWN].every((name) => claims.has(name))) throw new SyntaxError("claims");
  const subject = claims.get(SUB), own = claims.get(OWN);
  if (!(subject instanceof Uint8Array) || subject.length !== SUBJECT_BYTES || !Array.isArray(own)) throw new SyntaxError("subject");
  const numbers = [claims.get(EXP), claims.get(IAT), ...own.slice(0, 5)];
  if (numbers.length !== 7 || !numbers.every(isCount)) throw new SyntaxError("numbers");
  const [expires, issued, kind, level, entitlements, scenes, statusIndex] = numbers as [number, number, number, number, number, number, number];
  return { message, facts: { subject, issued, expires, level, entitlements, scenes, statusIndex, device: deviceOf(kind, own.slice(5)) } };
}

const isCount = (value: Value | undefined): value is number => typeof value === "number" && value >= 0;

function deviceOf(kind: number, rest: Value[]): PublicKey | null {
  const [point] = rest;
  if (kind === 1 && !rest.length) return null;
  if (kind !== 0 || rest.length !== 1 || !(point instanceof Uint8Array)) throw new SyntaxError("own claims");
  return PublicKey.es256(decompress(point));
}

function moment(payload: Uint8Array): { step: number; nonce: Uint8Array; challenge: Uint8Array } {
  const parts = decode(payload);
  if (!Array.isArray(parts) || parts.length < 2 || parts.length > 3) throw new SyntaxError("layer 2 is [step, nonce] or [step, nonce, challenge]");
  const [step, nonce, challenge] = parts;
  const asked = challenge ?? new Uint8Array();
  if (!isCount(step) || !(nonce instanceof Uint8Array) || nonce.length !== NONCE_BYTES || !(asked instanceof Uint8Array)) throw new SyntaxError("layer 2");
  if (parts.length === 3 && (asked.length < 1 || asked.length > MOST_CHALLENGE)) throw new SyntaxError("challenge");
  return { step, nonce, challenge: asked };
}

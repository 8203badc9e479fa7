// Answers questions of the tests, one JSON line each: what the library of the front end makes of them.
import { createInterface } from "node:readline";
import * as base45 from "../../frontend/src/qc1/base45";
import { fromBase64url, fromHex, hex } from "../../frontend/src/qc1/bytes";
import { decode, encode } from "../../frontend/src/qc1/cbor";
import { PublicKey } from "../../frontend/src/qc1/keys";
import { CodeFault } from "../../frontend/src/qc1/reasons";
import { sm3 } from "../../frontend/src/qc1/sm3";
import { StatusLists } from "../../frontend/src/qc1/status";
import { present, printed } from "../../frontend/src/qc1/token";
import { Gate } from "../../frontend/src/qc1/verify";

interface Question { ask: string; [more: string]: any }
const pairs: CryptoKeyPair[] = [];
const gates = new Map<string, Gate>();

async function gateOf(q: Question): Promise<Gate> {
  const found = q["gate"] && gates.get(q["gate"]);
  if (found) return found;
  const keys = new Map<string, PublicKey>();
  for (const jwk of q["keys"]) { const key = PublicKey.fromJwk(jwk); keys.set(hex(await key.kid()), key); }
  const made = new Gate({ keys, stopped: (index) => q["stopped"].includes(index), skew: q["skew"], window: q["window"] });
  if (q["gate"]) gates.set(q["gate"], made);
  return made;
}

const answers: Record<string, (q: Question) => unknown> = {
  async verify(q) {
    const gate = await gateOf(q);
    let said = "";
    for (let time = 0; time < (q["times"] ?? 1); time += 1) {
      try {
        const verdict = await gate.verify(q["text"], { now: q["now"], scene: q["scene"], printedAllowed: q["printed_allowed"] ?? true, challenge: fromHex(q["challenge"] ?? "") });
        said = `ok ${verdict.credential} ${verdict.step} ${verdict.nonce} ${verdict.facts.level}`;
      } catch (failure) {
        if (!(failure instanceof CodeFault)) throw failure;
        said = failure.reason;
      }
    }
    return said;
  },
  async pair() {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]) as CryptoKeyPair;
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    return { number: pairs.push(pair) - 1, public: { kty, crv, x, y } };
  },
  present: (q) => present(fromHex(q["credential"]), pairs[q["pair"]]!.privateKey, q["now"], fromHex(q["challenge"] ?? "")),
  printed: (q) => printed(fromHex(q["credential"])),
  signature: async (q) => PublicKey.fromJwk(q["key"]).verify(fromHex(q["message"]), fromHex(q["signature"])),
  kid: async (q) => hex(await PublicKey.fromJwk(q["key"]).kid()),
  sm3: (q) => hex(sm3(fromHex(q["data"]))),
  base45: (q) => base45.encode(fromHex(q["data"])),
  unbase45: (q) => hex(base45.decode(q["text"])),
  cbor: (q) => hex(encode(decode(fromHex(q["data"])))),
  async status(q) {
    const lists = await StatusLists.open(q["status"]);
    return q["indexes"].map((index: number) => lists.stopped(index));
  },
  base64url: (q) => hex(fromBase64url(q["text"])),
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as Question;
  let answer: unknown;
  try {
    answer = { said: await answers[question.ask]!(question) };
  } catch (failure) {
    answer = failure instanceof SyntaxError ? { refused: failure.message } : { broke: String(failure) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}

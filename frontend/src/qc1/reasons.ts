// Why a code is refused: the values of docs/formats/qc1.md, and what a reader says.
export type Reason =
  | "malformed" | "unknown-issuer" | "bad-signature" | "not-yet" | "expired" | "too-long" | "stopped" | "scene-off"
  | "printed-refused" | "stale" | "replayed" | "wrong-challenge" | "clock";

export interface Text { zh: string; en: string }

export const REASONS: Readonly<Record<Reason, Text>> = {
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
  "clock": { zh: "本机时钟不准，请校时。", en: "This reader's clock is wrong; set it." },
};

/** A code that is refused, with its reason. */
export class CodeFault extends Error {
  readonly reason: Reason;
  constructor(reason: Reason, detail = "") {
    super(detail ? `${reason}: ${detail}` : reason);
    this.reason = reason;
  }
}

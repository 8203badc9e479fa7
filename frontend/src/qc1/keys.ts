// Public keys as JWK (RFC 7517, 7518, 8037), their short names, and verifying with each algorithm of an issuer.
import { type Bytes, base64url, concat, fromBase64url, sha256, utf8 } from "./bytes";
import { sm2Verify } from "./sm2";

export type Algorithm = "ES256" | "EdDSA" | "SM2-SM3";
export interface Jwk { kty: string; crv: string; x: string; y?: string; alg?: string; kid?: string }

/** Short name of a key: the first eight bytes of its RFC 7638 thumbprint. */
const KID = 8;
const CURVES: Record<string, Algorithm> = { "EC P-256": "ES256", "EC SM2": "SM2-SM3", "OKP Ed25519": "EdDSA" };

export class PublicKey {
  readonly algorithm: Algorithm;
  /** Uncompressed point (65 bytes), or 32 bytes of Ed25519. */
  readonly data: Bytes;
  private imported: Promise<CryptoKey> | null = null;

  private constructor(algorithm: Algorithm, data: Bytes) {
    this.algorithm = algorithm;
    this.data = data;
  }

  /** Raises SyntaxError: no key of an algorithm known here. */
  static fromJwk(jwk: Jwk): PublicKey {
    const algorithm = CURVES[`${jwk.kty} ${jwk.crv}`];
    if (!algorithm || (jwk.alg !== undefined && jwk.alg !== algorithm)) throw new SyntaxError("key of an unknown kind");
    const coordinates = [jwk.x, ...(jwk.kty === "EC" ? [jwk.y ?? ""] : [])].map(fromBase64url);
    if (coordinates.some((one) => one.length !== 32)) throw new SyntaxError("key of wrong length");
    return new PublicKey(algorithm, concat(...(jwk.kty === "EC" ? [Uint8Array.of(4)] : []), ...coordinates));
  }

  /** An ES256 key of its uncompressed point. */
  static es256(point: Bytes): PublicKey {
    return new PublicKey("ES256", point);
  }

  /** Members that RFC 7638 asks for, in its order. */
  get jwk(): Jwk {
    const x = base64url(this.data.length === 65 ? this.data.slice(1, 33) : this.data);
    if (this.algorithm === "EdDSA") return { crv: "Ed25519", kty: "OKP", x };
    return { crv: this.algorithm === "ES256" ? "P-256" : "SM2", kty: "EC", x, y: base64url(this.data.slice(33)) };
  }

  async thumbprint(): Promise<Bytes> {
    return sha256(utf8(JSON.stringify(this.jwk)));
  }

  async kid(): Promise<Bytes> {
    return (await this.thumbprint()).slice(0, KID);
  }

  /** Whether the signature holds; a key that is no key holds for nothing. */
  async verify(message: Uint8Array, signature: Uint8Array): Promise<boolean> {
    if (signature.length !== 64) return false;
    if (this.algorithm === "SM2-SM3") return sm2Verify(this.data, message, signature);
    try {
      this.imported ??= this.load();
      const how = this.algorithm === "ES256" ? { name: "ECDSA", hash: "SHA-256" } : { name: "Ed25519" };
      return await crypto.subtle.verify(how, await this.imported, signature as Bytes, message as Bytes);
    } catch {
      return false; // a point that is not on the curve, or an engine without Ed25519
    }
  }

  private load(): Promise<CryptoKey> {
    const how = this.algorithm === "ES256" ? { name: "ECDSA", namedCurve: "P-256" } : { name: "Ed25519" };
    return crypto.subtle.importKey("raw", this.data, how, false, ["verify"]);
  }
}

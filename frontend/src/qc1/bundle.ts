// What the city gives every gate so that it can work cut off; holds nothing personal. Contract: README.md.
import { hex } from "./bytes";
import { type Jwk, PublicKey } from "./keys";
import type { Text } from "./reasons";
import { type PackedStatus, StatusLists } from "./status";
import { hasBit } from "./token";
import type { Knows } from "./verify";

export interface Scene { code: string; bit: number; name: Text; kind: string; printed: boolean; entitlements: string[] }
export interface Entitlement { code: string; bit: number; name: Text; printed: boolean }
export interface Limits { skew_seconds: number; window_steps: number; refresh_seconds: number; stale_seconds: number; printed_days?: number }
/** As it comes from ``/code/bundle.json``. */
export interface PackedBundle {
  version: number; time: number; issuer: string; keys: Jwk[]; status: PackedStatus; scenes: Scene[]; entitlements: Entitlement[]; limits: Limits;
}

export class Bundle implements Knows {
  readonly packed: PackedBundle;
  readonly keys: ReadonlyMap<string, PublicKey>;
  readonly skew: number;
  readonly window: number;
  readonly longestPrinted: number;
  private status: StatusLists;

  private constructor(packed: PackedBundle, keys: Map<string, PublicKey>, status: StatusLists) {
    this.packed = packed;
    this.keys = keys;
    this.status = status;
    this.skew = packed.limits.skew_seconds;
    this.window = packed.limits.window_steps;
    this.longestPrinted = (packed.limits.printed_days ?? 400) * 86_400;
  }

  /** Raises SyntaxError: a part is not what it should be; nothing of such a bundle is used. Keys of kinds unknown here are left out. */
  static async open(packed: PackedBundle): Promise<Bundle> {
    if (packed.version !== 1 || !Array.isArray(packed.keys) || !Array.isArray(packed.scenes)) throw new SyntaxError("bundle of another version");
    for (const name of ["skew_seconds", "window_steps", "stale_seconds"] as const) {
      if (!(packed.limits[name] >= 0)) throw new SyntaxError(`bundle: ${name}`);
    }
    const keys = new Map<string, PublicKey>();
    for (const jwk of packed.keys) {
      const key = known(jwk);
      if (key) keys.set(hex(await key.kid()), key);
    }
    return new Bundle(packed, keys, await StatusLists.open(packed.status));
  }

  stopped(index: number): boolean { return this.status.stopped(index); }

  scene(code: string): Scene | undefined { return this.packed.scenes.find((one) => one.code === code); }

  /** Entitlements of a mask, only those the scene needs. */
  told(mask: number, scene: Scene): Entitlement[] {
    return this.packed.entitlements.filter((one) => hasBit(mask, one.bit) && scene.entitlements.includes(one.code));
  }

  /** Too old to be trusted about stopped credentials. */
  tooOld(now: number): boolean { return now - this.packed.time > this.packed.limits.stale_seconds; }
}

function known(jwk: Jwk): PublicKey | null {
  try {
    return PublicKey.fromJwk(jwk);
  } catch {
    return null;
  }
}

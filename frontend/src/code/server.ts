// Talks to the city: same origin, cookies, CSRF; tells apart what may work later and what will not.

/** No network, or a server that does not answer: try again later. */
export class Later extends Error {}
/** Signed out. */
export class SignedOut extends Error {}
/** The server will not take this: a person must look at it. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, said: string) { super(said); this.status = status; }
}
interface Problem { detail?: unknown; todo?: unknown }

const PATIENCE = 15_000;

/** The city's time on this device: what the last answers said about how far the device's clock is off. */
export class CityClock {
  /** Milliseconds to add to the device's clock. */
  offset: number;
  constructor(offset = 0) { this.offset = offset; }
  now(): number { return (Date.now() + this.offset) / 1000; }
  /** Date says whole seconds and the way takes time: what cannot be told from no difference is none. */
  learn(server: number, before: number, after: number): void {
    const found = server * 1000 + 500 - (before + after) / 2;
    this.offset = Math.abs(found) < 1000 + (after - before) / 2 ? 0 : Math.round(found);
  }
}

export class Server {
  private clock: CityClock;
  constructor(clock: CityClock) { this.clock = clock; }

  async get<T>(path: string): Promise<T> { return await this.ask(path, {}) as T; }

  async post<T>(path: string, body: unknown, key = ""): Promise<T> {
    const send = (): Promise<unknown> => this.ask(path, {
      method: "POST", body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "X-CSRFToken": token(), ...(key ? { "Idempotency-Key": key } : {}) },
    });
    if (!token()) await this.freshToken();
    try {
      return await send() as T;
    } catch (failure) {
      // a kept page may come with an old token: once with a new one
      if (!(failure instanceof Refused) || (failure.status !== 403 && failure.status !== 410)) throw failure;
      await this.freshToken();
      return await send() as T;
    }
  }

  private async freshToken(): Promise<void> {
    await fetch(window.location.pathname, { credentials: "same-origin", cache: "no-store" }).catch(() => undefined);
  }

  private async ask(path: string, init: RequestInit): Promise<unknown> {
    const stop = new AbortController();
    const timer = window.setTimeout(() => stop.abort(), PATIENCE);
    const before = Date.now();
    try {
      const answer = await fetch(path, { credentials: "same-origin", cache: "no-store", redirect: "error", ...init, signal: stop.signal,
        headers: { Accept: "application/json", ...(init.headers as Record<string, string> | undefined) } });
      const after = Date.now();
      const body: unknown = await answer.json().catch(() => null);
      this.compare(answer, body, before, after);
      return judged(answer, body);
    } catch (failure) {
      if (failure instanceof Refused || failure instanceof SignedOut) throw failure;
      throw new Later();
    } finally {
      window.clearTimeout(timer);
    }
  }

  private compare(answer: Response, body: unknown, before: number, after: number): void {
    const told = (body as { time?: unknown } | null)?.time;
    const dated = Date.parse(answer.headers.get("Date") ?? "") / 1000;
    const time = answer.ok && typeof told === "number" ? told : dated;
    if (Number.isFinite(time)) this.clock.learn(time, before, after);
  }
}

function judged(answer: Response, body: unknown): unknown {
  if (answer.ok && body !== null) return body;
  if (answer.status === 401) throw new SignedOut();
  if (answer.ok || answer.status >= 500 || answer.status === 429 || answer.status === 408) throw new Later();
  const problem = (body ?? {}) as Problem;
  throw new Refused(answer.status, [problem.detail, problem.todo].filter((one) => typeof one === "string").join(" "));
}

function token(): string {
  return decodeURIComponent(/(?:^|; )csrftoken=([^;]*)/.exec(document.cookie)?.[1] ?? "");
}

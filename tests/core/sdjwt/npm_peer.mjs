// Another's SD-JWT (@sd-jwt/core of the OpenWallet Foundation) for the differential test, asked by JSON lines.
import { createRequire } from "node:module";
import { createPrivateKey, createPublicKey, randomBytes, sign, verify } from "node:crypto";
import { createInterface } from "node:readline";

const load = createRequire(process.argv[2]);
const { SDJwtInstance } = load("@sd-jwt/core");
const { hasher } = load("@sd-jwt/hash");

const signs = (jwk) => {
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  return (data) => sign("sha256", Buffer.from(data), { key, dsaEncoding: "ieee-p1363" }).toString("base64url");
};
const checks = (jwk) => {
  const key = createPublicKey({ key: jwk, format: "jwk" });
  return (data, mark) =>
    verify("sha256", Buffer.from(data), { key, dsaEncoding: "ieee-p1363" }, Buffer.from(mark, "base64url"));
};

function party({ signer, issuer, holder, phone }) {
  return new SDJwtInstance({
    hasher,
    hashAlg: "sha-256",
    saltGenerator: (length) => randomBytes(length).toString("base64url"),
    signAlg: "ES256",
    kbSignAlg: "ES256",
    ...(signer && { signer: signs(signer) }),
    ...(phone && { kbSigner: signs(phone) }),
    ...(issuer && { verifier: checks(issuer) }),
    ...(holder && { kbVerifier: checks(holder) }),
  });
}

const ASKS = {
  issue: (ask) => party(ask).issue(ask.claims, ask.frame, { header: { typ: "dc+sd-jwt" } }),
  present: (ask) => party(ask).present(ask.token, ask.frame, { kb: { payload: ask.binding } }),
  verify: async (ask) => {
    const { payload, kb } = await party(ask).verify(ask.token, [], true);
    return { payload, binding: kb?.payload };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const ask = JSON.parse(line);
  let answer;
  try {
    answer = { said: await ASKS[ask.ask](ask) };
  } catch (failure) {
    answer = { refused: String(failure.message) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

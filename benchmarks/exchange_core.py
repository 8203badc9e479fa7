"""Signed exchanges a CPU second, in one process: sign both messages, keep both evidences, stamp, verify.

One exchange is: the consumer signs, the provider checks the signature and signs the answer, the
consumer checks it, both make a leaf; batches of 200 leaves are stamped; then both files are written
and verified as a third party would. `exchange_live` is what a call waits for, `exchange_verify` is
the later check from the two files.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from benchmarks.harness import benchmark, figure, spent

BATCH = 200


@benchmark("exchange-core", "signed, stamped and verified exchanges a CPU second")
def run(scale: float) -> None:
    """One batch at least."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    from quancheng.core.exchange import EcdsaSigner, Ed25519Signer

    count = max(BATCH, int(5 * BATCH * scale) // BATCH * BATCH)
    _measure("ed25519", [Ed25519Signer(ed25519.Ed25519PrivateKey.generate()) for _ in range(3)], count)
    _measure("p256", [EcdsaSigner(ec.generate_private_key(ec.SECP256R1())) for _ in range(3)], count)


def _measure(name: str, signers: list, count: int) -> None:  # type: ignore[type-arg]
    from quancheng.core import exchange as x
    from quancheng.core.text import Text

    now = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    year = timedelta(days=365)
    consumer, provider = (x.Party(code, Text(code, code)) for code in ("consumer", "provider"))
    owners = [
        ("consumer", x.KeyRole.MESSAGE),
        ("provider", x.KeyRole.MESSAGE),
        ("authority", x.KeyRole.STAMP),
    ]
    keys = x.TrustedKeys.of(
        x.TrustedKey(owner, signer.algorithm, signer.public_der, frozenset({role}), now - year, now + year)
        for (owner, role), signer in zip(owners, signers, strict=True)
    )
    carried = {x.key_name(signer.public_der): signer.public_der for signer in signers}
    body = b'{"rows":[' + b",".join([b'{"name":"0123456789","household":3}'] * 20) + b"]}"
    live = stamping = verifying = 0.0
    for _ in range(count // BATCH):
        pairs = []
        with spent() as used:
            for number in range(BATCH):
                asked = x.sign_request(
                    x.Request(str(number), now, consumer, provider, "g", "r", "p", "b", ("name",)),
                    b"",
                    signers[0],
                )
                if not x.signature_holds(
                    asked.signature, x.Domain.MESSAGE, asked.digest, signers[0].public_der
                ):
                    raise RuntimeError("signature")
                answer = x.sign_response(
                    x.Response(
                        f"a{number}",
                        now,
                        consumer,
                        provider,
                        str(number),
                        asked.digest,
                        x.Outcome.DELIVERED,
                        20,
                    ),
                    body,
                    signers[1],
                )
                if not x.signature_holds(
                    answer.signature, x.Domain.MESSAGE, answer.digest, signers[1].public_der
                ):
                    raise RuntimeError("signature")
                leaves = [x.evidence_leaf(side, now, asked, answer) for side in ("consumer", "provider")]
                pairs.append((asked, answer, leaves))
        live += used.cpu
        files = []
        with spent() as used:
            for index, side in enumerate(("consumer", "provider")):
                head, proofs = x.make_batch([leaves[index] for _, _, leaves in pairs])
                stamp = x.make_stamp(head, side, "authority", now, x.FIRST, signers[2])
                files.append(
                    [
                        x.write_evidence(x.Evidence(side, now, asked, answer, proof, stamp, carried))
                        for (asked, answer, _), proof in zip(pairs, proofs, strict=True)
                    ]
                )
        stamping += used.cpu
        with spent() as used:
            for one, other in zip(*files, strict=True):
                if not x.verify_files(one, other, keys).valid:
                    raise RuntimeError("not proved")
        verifying += used.cpu
    figure(f"exchange_live_{name}", count / live, "exchanges/CPU s")
    figure(f"exchange_stamp_{name}", count / stamping, "exchanges/CPU s")
    figure(f"exchange_verify_{name}", count / verifying, "exchanges/CPU s")
    figure(f"exchange_whole_{name}", count / (live + stamping + verifying), "exchanges/CPU s")

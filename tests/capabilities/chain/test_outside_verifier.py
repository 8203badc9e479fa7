"""The outside verifier script against a living node: an honest log holds; each kind of tampering is found."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.util
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from quancheng.capabilities.chain import actions, nodekeys, queries, tasks, tree
from quancheng.capabilities.chain.city_peer import City, start
from quancheng.capabilities.chain.models import Entry, Head, Shard, Tile
from quancheng.core.text import Text
from quancheng.core.tlog import Checkpoint, Opening, commitment, sign_note
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.models import writing

SCRIPT = Path(__file__).parents[3] / "tools" / "verify_ledger.py"
SYSTEM = Call.system("chain")
RECORDS = 300
over_http = pytest.mark.django_db(transaction=True)


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_ledger", SCRIPT)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["verify_ledger"] = made
    spec.loader.exec_module(made)
    return made


def run(*words: object) -> tuple[int, str]:
    """The script as anybody runs it: a process that has nothing of the platform on its path."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "QUANCHENG", "DJANGO"))}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-P", str(SCRIPT), *map(str, words)],
        capture_output=True, text=True, env=environment, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def anchor(count: int, begin: int = 0) -> None:
    items = [
        actions.Item("vault-use", f"U-{n}", hashlib.sha256(b"%d" % n).digest(), clock.now())
        for n in range(begin, begin + count)
    ]
    actions.append_many(SYSTEM, items=items)
    tasks.head()


@pytest.fixture
def witnesses(city: None) -> Iterator[list[City]]:
    """Three cities that cosign, over HTTP."""
    ours, servers, made = nodekeys.log_key(), [], []
    for name in ("zibo", "taian", "dezhou"):
        one = City(name)
        one.logs[ours.name] = ours
        server, told = start(one)
        servers.append(server)
        made.append(one)
        actions.add_member(
            SYSTEM, name=name, title=Text(name, name), url=told["url"], log_key=told["log_key"],
            witness_key=told["witness_key"],
        )  # fmt: skip
    yield made
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def look(witnesses: list[City], live_server: Any, tmp_path: Path) -> Any:
    """Looks at the log as an outsider who was here before: state and policy on the outsider's own disk."""
    anchor(RECORDS)
    policy, state = tmp_path / "policy.json", tmp_path / "state.json"
    policy.write_bytes(Client().get("/chain/policy.json").content)

    def again(*words: object) -> tuple[int, str]:
        return run("log", "--url", live_server.url, "--policy", policy, "--state", state, "--wait", 0, *words)

    assert again()[0] == 0
    return again


def sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def rewritten(shard: Shard, leaves: list[bytes], extension: str = "") -> None:
    """The operator's best forgery: tables emptied, filled anew, and a head signed with the real key."""
    sql("DELETE FROM chain_tile")
    sql("DELETE FROM chain_head")
    with writing("test"):
        shard.size, shard.nodes = 0, b""
        tree.grow(shard, leaves)
        at = tree.head(shard)
        body = Checkpoint(shard.origin, at.size, at.root, (extension or f"hash {shard.hasher}",))
        note = sign_note(body.text(), [(nodekeys.base(), nodekeys.log_signer())]).text()
        Head.objects.create(shard=shard, size=at.size, root=at.root, note=note, made_at=clock.now(), needed=3)


def leaves() -> list[bytes]:
    return [bytes(one) for one in Entry.objects.order_by("index").values_list("leaf", flat=True)]


@over_http
def test_an_honest_log_holds_today_and_grown_tomorrow(look) -> None:
    code, said = look("--leaves", 5)
    assert code == 0 and "成立 holds" in said and said.count("witnessed by") == 3
    anchor(260, RECORDS)  # a second full tile
    code, said = look("--leaves", 5)
    assert code == 0 and f"{RECORDS + 260} 条" in said, said


@over_http
def test_a_changed_tile_is_found(look) -> None:
    tile = Tile.objects.get(level=0, number=1)
    data = bytearray(tile.data)
    data[40] ^= 1
    sql("UPDATE chain_tile SET data = %s WHERE id = %s", bytes(data), tile.pk)
    code, said = look()
    assert code == 1 and "EDITED" in said and "日志被改动" in said


@over_http
def test_a_changed_upper_tile_is_found(look) -> None:
    tile = Tile.objects.get(level=1)
    sql("UPDATE chain_tile SET data = %s WHERE id = %s", b"\1" * 32, tile.pk)
    code, said = look("--leaves", 0)
    assert code == 1 and "tiles of level 1" in said


@over_http
def test_a_changed_entry_is_found(look) -> None:
    sql('UPDATE chain_entry SET leaf = %s WHERE "index" = 7', b"\1" * 32)
    code, said = look("--leaves", "all")
    assert code == 1 and "LEAF" in said and "/7" in said
    assert said.count("不成立") == 1  # the other 299 hold


@over_http
def test_a_lost_tile_is_found(look) -> None:
    sql("DELETE FROM chain_tile WHERE level = 0 AND number = 1")
    code, said = look()
    assert code == 1 and "TRUNCATED" in said


@over_http
def test_a_tail_cut_off_under_a_new_signed_head_is_found(look) -> None:
    rewritten(Shard.objects.get(), leaves()[:290])
    code, said = look()
    assert code == 1 and "TRUNCATED" in said and "300 -> 290" in said
    assert "QUORUM" in said  # no witness cosigns what does not extend what it saw


@over_http
def test_a_log_that_is_gone_is_found(look) -> None:
    sql("DELETE FROM chain_head")
    assert look()[0] == 1


@over_http
@pytest.mark.parametrize(("count", "where"), [(300, 0), (300, 299), (310, 299), (700, 3)])
def test_a_second_history_signed_with_the_real_key_is_found(look, count: int, where: int) -> None:
    other = leaves()
    other[where] = b"\7" * 32
    other += [bytes([n % 256]) * 32 for n in range(count - len(other))]
    rewritten(Shard.objects.get(), other)
    code, said = look("--leaves", 0)
    assert code == 1 and "FORKED" in said and "日志分叉" in said
    assert said.count(Shard.objects.get().origin + "\n") == 2  # both checkpoints are printed as evidence


@over_http
def test_the_whole_log_hashed_anew_is_found_by_its_name_and_without_it(look) -> None:
    shard, before = Shard.objects.get(), leaves()
    with writing("test"):
        Shard.objects.filter(pk=shard.pk).update(hasher="sm3")
    shard = Shard.objects.get()
    rewritten(shard, before)
    code, said = look("--leaves", 0)
    assert code == 1 and "REHASHED" in said and "sha256 -> sm3" in said
    rewritten(shard, before, "hash sha256")  # it lies about the hash: then the content does not fit
    code, said = look("--leaves", 0)
    assert code == 1 and "EDITED" in said


@over_http
def test_who_was_never_here_finds_the_cut_by_a_receipt_somebody_kept(look, live_server, tmp_path) -> None:
    receipt = tmp_path / "receipt.qlp1"
    receipt.write_bytes(queries.proof_of("", 295).bundle)
    fresh = [
        "log",
        "--url",
        live_server.url,
        "--policy",
        tmp_path / "policy.json",
        "--wait",
        0,
        "--leaves",
        0,
    ]
    assert run(*fresh, "--receipt", receipt)[0] == 0
    rewritten(Shard.objects.get(), leaves()[:290])
    code, said = run(*fresh, "--receipt", receipt)
    assert code == 1 and "TRUNCATED" in said


@over_http
def test_a_head_signed_by_another_key_and_a_false_cosignature_are_found(look) -> None:
    head = Head.objects.get()
    first, *lines = head.note.partition("\n\n")[2].splitlines(keepends=True)
    false = lines[0].rsplit(" ", 1)
    raw = bytearray(base64.b64decode(false[1]))
    raw[-1] ^= 1
    changed = f"{false[0]} {base64.b64encode(raw).decode()}\n"
    body = head.note.partition("\n\n")[0]
    sql("UPDATE chain_head SET note = %s", f"{body}\n\n{first}{changed}{''.join(lines[1:])}")
    code, said = look("--leaves", 0)
    assert code == 1 and "SIGNATURE" in said
    sql("UPDATE chain_head SET note = %s", f"{body}x\n\n{first}")
    assert look("--leaves", 0)[0] == 1


@over_http
def test_what_cannot_be_checked_is_told_apart_from_what_is_false(look, tmp_path) -> None:
    policy = tmp_path / "policy.json"
    code, said = run("log", "--url", "http://127.0.0.1:9", "--policy", policy)
    assert code == 2 and "连不上" in said and "cannot be reached" in said
    assert run("log", "--url", "http://127.0.0.1:9", "--policy", tmp_path / "none.json")[0] == 2
    told = json.loads(policy.read_text())
    policy.write_text(json.dumps(told | {"witnesses": told["witnesses"][:1] * 3}))  # one counted three times
    assert run("log", "--url", "http://127.0.0.1:9", "--policy", policy)[0] == 2
    (tmp_path / "state.json").write_text('{"format": "quancheng-seen/1", "heads": {"a": "b"}}')
    assert look()[0] == 2


@pytest.fixture
def proof(witnesses: list[City], tmp_path: Path) -> tuple[bytes, Path, Path]:
    """A bundle under four signatures, its policy, its opening."""
    anchor(9)
    policy, opening = tmp_path / "policy.json", tmp_path / "opening.json"
    policy.write_bytes(Client().get("/chain/policy.json").content)
    entry = Entry.objects.get(index=4)
    receipt = queries.receipt_of(entry)
    assert receipt is not None and receipt.salt is not None and receipt.digest is not None
    told = {
        "scene": "vault-use", "reference": "U-4", "salt": base64.b64encode(receipt.salt).decode(),
        "digest": base64.b64encode(receipt.digest).decode(),
    }  # fmt: skip
    opening.write_text(json.dumps(told))
    return receipt.bundle, policy, opening


def test_a_bundle_holds_as_bytes_base64_and_json_and_only_with_its_own_opening(
    proof: tuple[bytes, Path, Path], tmp_path: Path
) -> None:
    bundle, policy, opening = proof
    file = tmp_path / "proof"
    text = base64.b64encode(bundle).decode()
    for form in (bundle, text.encode(), json.dumps({"bundle": text}).encode()):
        file.write_bytes(form)
        code, said = run("bundle", file, "--policy", policy, "--opening", opening)
        assert code == 0 and "记录相符" in said and said.count("witnessed by") == 3
    opening.write_text(json.dumps(json.loads(opening.read_text()) | {"reference": "U-5"}))
    code, said = run("bundle", file, "--policy", policy, "--opening", opening)
    assert code == 1 and "RECORD" in said


def test_no_flipped_bit_of_a_bundle_is_accepted(proof: tuple[bytes, Path, Path]) -> None:
    """With a quorum of two of three, too: a spoilt line of a third witness is not passed over."""
    bundle, file, _opening = proof
    tool = script()
    told = json.loads(file.read_text())
    for needed in (3, 2):
        file.write_text(json.dumps(told | {"needed": needed}))
        policy = tool.read_policy(str(file))
        tool.verify_bundle(bundle, policy)
        taken = []
        for place in range(len(bundle)):
            for change in (1, 2, 4, 8, 16, 32, 64, 128, 255):
                changed = bundle[:place] + bytes([bundle[place] ^ change]) + bundle[place + 1 :]
                with contextlib.suppress(tool.Fault):
                    tool.verify_bundle(tool.unwrap(changed), policy)
                    taken.append((place, change))
        assert taken == []


def test_no_shortened_lengthened_or_loosely_written_bundle_is_accepted(
    proof: tuple[bytes, Path, Path],
) -> None:
    bundle, file, _opening = proof
    tool = script()
    policy = tool.read_policy(str(file))
    forms = [bundle[:end] for end in range(len(bundle))] + [bundle + b"\0", bundle + bundle]
    forms += [b"\x86\x18\x01" + bundle[2:], b"\x98\x06" + bundle[1:], b"\x9f" + bundle[1:] + b"\xff"]
    for form in forms:
        with pytest.raises(tool.Fault):
            tool.verify_bundle(tool.unwrap(form), policy)


def test_an_sm3_log_is_checked_by_the_script(witnesses, settings, tmp_path) -> None:
    settings.QUANCHENG_CHAIN_HASH = "sm3"
    actions.append_many(
        SYSTEM, items=[actions.Item("vault-use", f"U-{n}", bytes(32), clock.now()) for n in range(3)]
    )
    tasks.head()
    policy, file = tmp_path / "policy.json", tmp_path / "proof"
    told = Client().get("/chain/policy.json").json()
    policy.write_text(json.dumps(told | {"needed": 0}))  # the reference cities know SHA-256 only
    file.write_bytes(queries.proof_of("", 2).bundle)
    code, said = run("bundle", file, "--policy", policy)
    assert code == 0 and "no witness" in said
    shards = dict.fromkeys(told["shards"], "sha256")
    policy.write_text(json.dumps(told | {"needed": 0, "shards": shards}))
    code, said = run("bundle", file, "--policy", policy)
    assert code == 1 and "REHASHED" in said


def test_commitments_of_the_script_are_those_of_the_platform() -> None:
    tool = script()
    for hasher in (Shard(hasher="sha256").tree, Shard(hasher="sm3").tree):
        data = [bytes([n]) * 32 for n in range(21)]
        hashed = [hasher.leaf(one) for one in data]
        from quancheng.core.merkle import MemoryTree

        memory = MemoryTree(hasher)
        for size, one in enumerate(data, 1):
            memory.append(one)
            assert tool.root_of(hasher.name, hashed[:size]) == memory.head().root
            for old in range(1, size + 1):
                ends = (old, tool.root_of(hasher.name, hashed[:old])), (size, memory.head().root)
                assert tool.consistent(hasher.name, *ends, memory.consistency(old, size))
        assert len(commitment(hasher, Opening("a", "b", bytes(16), b""))) == 32


def test_a_witness_that_claims_no_date_and_a_policy_that_is_none_are_told(tmp_path: Path) -> None:
    tool = script()
    assert tool.moment(0) == "1970-01-01T00:00:00Z"
    assert all("no date" in tool.moment(at) for at in (2**63, 2**64 - 1))
    key = nodekeys.log_key().text()
    file = tmp_path / "policy.json"
    for shards in ({"a": []}, {"a": {}}, {"a": 1}, [["a"]], "x"):
        file.write_text(json.dumps({"format": "quancheng-policy/1", "log": key, "shards": shards, "witnesses": [], "needed": 0}))  # fmt: skip
        with pytest.raises(tool.CannotCheck):
            tool.read_policy(str(file))


def test_the_script_explains_itself() -> None:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as left:
        script().main(["--help"])
    assert left.value.code == 0 and "核验泉城链" in out.getvalue()

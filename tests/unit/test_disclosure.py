"""Held by default; a hold costs nothing, a release has an owner, what cannot be recalled takes two people."""

from pathlib import Path

import pytest

from corrigible.errors import BadInput, Held, Tampered
from corrigible.oversight.disclosure import (
    DISCLOSURE_FILE,
    disclosure_of,
    hold,
    refuse_held,
    release,
    require_released,
)


def test_nobody_has_to_do_anything_for_a_run_to_be_held(tmp_path: Path) -> None:
    status = disclosure_of(tmp_path)
    assert (status.held, status.by_default, status.audience) == (True, True, None)
    with pytest.raises(Held, match="held by default"):
        require_released(tmp_path, "team", doing="a bundle")
    refuse_held(tmp_path, doing="its report")  # those who made it may work with it
    assert list(tmp_path.iterdir()) == [], "asking writes nothing"


def test_a_hold_takes_neither_name_nor_reason_and_stops_what_was_released(tmp_path: Path) -> None:
    release(tmp_path, owner="Ada", audience="partners", reason="they asked")
    require_released(tmp_path, "team", doing="a bundle")
    with pytest.raises(Held, match="asks for a release to public, and it is released to partners"):
        require_released(tmp_path, "public", doing="a bundle")
    status = hold(tmp_path)
    assert status.held
    assert status.recallable
    with pytest.raises(Held, match="its report is refused while it is held since"):
        refuse_held(tmp_path, doing="its report")
    release(tmp_path, owner="Ada", audience="team", reason="looked again")
    assert disclosure_of(tmp_path).audience == "team", "the wider release before the hold does not come back"


@pytest.mark.parametrize(
    "changes",
    [{"owner": " "}, {"reason": ""}, {"audience": "everybody"}, {"owner": "a" * 201}],
    ids=["no owner", "no reason", "unknown audience", "a long name"],
)
def test_a_release_without_its_parts_is_refused_and_writes_nothing(tmp_path: Path, changes: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        release(tmp_path, **({"owner": "Ada", "audience": "team", "reason": "why"} | changes))  # type: ignore[arg-type]
    assert not (tmp_path / DISCLOSURE_FILE).exists()


def test_what_cannot_be_recalled_takes_two_people(tmp_path: Path) -> None:
    for second in ("", "  ", "ada", " ADA "):
        with pytest.raises(BadInput, match="takes two people"):
            release(tmp_path, owner="Ada", audience="public", reason="why", second=second)
    with pytest.raises(BadInput, match="takes two people"):
        release(tmp_path, owner="Ada", audience="team", reason="why", irreversible=True)
    assert not release(tmp_path, owner="Ada", audience="public", reason="why", second="Ben").recallable
    status = hold(tmp_path, by="Eve")
    assert status.held
    assert "it went out to public" in status.sentence


def change_a_name(data: bytes) -> bytes:
    return data.replace(b"Ada", b"Eve")


def cut_the_end(data: bytes) -> bytes:
    return data[:-20]


def drop_the_first(data: bytes) -> bytes:
    return data.split(b"\n", 1)[1]


def write_nonsense(_data: bytes) -> bytes:
    return b"\xff\xfe\n"


def nest(_data: bytes) -> bytes:
    return b"[" * 100_000 + b"\n"


@pytest.mark.parametrize("change", [change_a_name, cut_the_end, drop_the_first, write_nonsense, nest])
def test_an_entry_that_was_changed_cut_off_or_taken_out_is_found(tmp_path: Path, change: object) -> None:
    release(tmp_path, owner="Ada", audience="team", reason="why")
    hold(tmp_path)
    path = tmp_path / DISCLOSURE_FILE
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]
    before = path.read_bytes()
    with pytest.raises(Tampered) as said:
        disclosure_of(tmp_path)
    assert len(str(said.value).splitlines()) == 1
    with pytest.raises(Tampered):
        hold(tmp_path)
    assert path.read_bytes() == before


def test_a_link_or_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no run folder"):
        disclosure_of(tmp_path / "nothing")
    (tmp_path / DISCLOSURE_FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput):
        disclosure_of(tmp_path)

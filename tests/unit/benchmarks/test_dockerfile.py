"""The Dockerfile is read as an engine would read it."""

from __future__ import annotations

import pytest

from benchmarks.container.dockerfile import stages

TEXT = """\
# syntax=docker/dockerfile:1
FROM base:1 AS build
ENV A=1 B=two
RUN one \\
    && two
# why
FROM base:1
ENV PATH=/opt/x:$PATH C=${A}
COPY --from=build /opt/x /opt/x
HEALTHCHECK --interval=30s CMD ["python", "-c", "print(1)"]
CMD ["worker"]
"""


def test_stages_have_their_steps() -> None:
    """Lines that go on are one, comments are none, JSON forms are lists."""
    build, last = stages(TEXT)

    assert (build.base, build.name, build.last("RUN").rest) == ("base:1", "build", "one && two")
    assert build.environment({}) == {"A": "1", "B": "two"}
    assert last.environment({"PATH": "/bin"})["PATH"] == "/opt/x:/bin"
    assert last.last("HEALTHCHECK").arguments == ["python", "-c", "print(1)"]
    assert last.last("CMD").arguments == ["worker"]
    with pytest.raises(LookupError, match="no USER"):
        last.last("USER")


def test_what_comes_before_the_first_stage_is_refused() -> None:
    """A Dockerfile begins with FROM."""
    with pytest.raises(ValueError, match="RUN comes before FROM"):
        stages("RUN x\n")


def test_ours_installs_from_hashes_only() -> None:
    """Whatever pip installs is either ours or has its hash in a lock."""
    commands = [part.strip() for stage in stages() for it in stage.all("RUN")
                for part in it.rest.split("&&")]  # fmt: skip
    installs = [it for it in commands if " install " in it]

    assert installs
    assert all("--require-hashes" in it or "--no-deps /wheels/" in it for it in installs)

"""Markdown pages whose code blocks are run.

What is done with a block is said by its language, and by a comment right above it:

- `python`: run, in order, the blocks of a page sharing one namespace and one folder. With
  `<!-- file: name.py -->` it is written to that file of the folder instead; such blocks
  are run by whoever imports them.
- `text` under `<!-- output -->`: what the block before has printed, exactly.
- `console`: each `$ command` is run by a shell in the page's folder, and the lines below it
  are its output; `...` stands for any text. A command that serves (hypercorn, uvicorn,
  `quart ... run`) is started on a free port, which replaces the port that it would have
  in every later command, and is ended at the end of the page. The demo is in the folder.
- `json`, `toml`: must parse. `text` without a comment is a picture, and is only looked at.
- any block under `<!-- run by: path -->` is run by that file of the repository, which must
  exist and name the page; so is a whole page that begins with such a comment.

Any other block is an error: no code of a page goes unrun unnoticed.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from .demo import ROOT, copy_demo
from .servers import free_port, running

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>[^\n]*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_RUN_BY = re.compile(r"run by: (\S+)")
_SERVER = re.compile(r"(?:^|&& |\S=\S+ )(hypercorn|uvicorn|quart)\b")
_DEFAULT_PORTS = {"hypercorn": 8000, "uvicorn": 8000, "quart": 5000}
_PORT_OPTIONS = {"hypercorn": "-b 127.0.0.1:{}", "uvicorn": "--port {}", "quart": "-p {}"}
_SECONDS = 60


@dataclass(frozen=True)
class Block:
    """A code block: where it begins, its language, its code, and the comment above it."""

    line: int
    language: str
    code: str
    mark: str


def pages(folder: Path = ROOT) -> list[Path]:
    """The README and every page under `docs/`."""
    return [folder / "README.md", *sorted((folder / "docs").rglob("*.md"))]


def blocks(text: str) -> list[Block]:
    return [
        Block(
            text.count("\n", 0, match.start("language")) + 1,
            match["language"].strip(),
            match["code"],
            match["mark"] or "",
        )
        for match in _BLOCK.finditer(text)
    ]


def runner_of(page: Path) -> str | None:
    """The file that runs the whole page, if it says so at its top."""
    first = page.read_text(encoding="utf-8").split("\n", 1)[0]
    match = re.fullmatch(r"<!-- run by: (\S+) -->", first)
    return match[1] if match else None


def run_page(page: Path, folder: Path) -> int:
    """Run the blocks of a page in `folder`; how many were run. `AssertionError` if one fails."""
    copy_demo(folder)
    with ExitStack() as stack:
        run = _Run(page, folder, stack)
        before = os.getcwd()
        stack.callback(os.chdir, before)
        os.chdir(folder)
        sys.path.insert(0, str(folder))  # as for whoever types `python` there
        stack.callback(sys.path.remove, str(folder))
        found = blocks(page.read_text(encoding="utf-8"))
        for block in found:
            try:
                run.block(block)
            except BaseException as error:
                error.args = (f"{page.name}:{block.line}: {error}",)
                raise
    return len(found)


class _Run:
    """A page on its way: what its blocks share."""

    def __init__(self, page: Path, folder: Path, stack: ExitStack) -> None:
        self._page = page
        self._folder = folder
        self._stack = stack
        self._ports: dict[int, int] = {}
        self._printed: str | None = None
        # A module that can be found: dataclasses and pickles look their own one up.
        self._module = ModuleType(f"page_{page.stem.replace('.', '_').replace('-', '_')}")
        sys.modules[self._module.__name__] = self._module
        stack.callback(sys.modules.pop, self._module.__name__, None)

    def block(self, block: Block) -> None:
        run_by = _RUN_BY.fullmatch(block.mark)
        if run_by:
            self._is_run_by(run_by[1])
        elif block.language == "python" and block.mark.startswith("file: "):
            (self._folder / block.mark.removeprefix("file: ")).write_text(
                block.code, encoding="utf-8"
            )
            compile(block.code, block.mark, "exec")
        elif block.language == "python":
            self._python(block)
        elif block.language == "text" and block.mark == "output":
            assert self._printed is not None, "no block has printed before"
            assert self._printed.strip() == block.code.strip(), f"printed {self._printed}"
        elif block.language == "text" and not block.mark:
            pass
        elif block.language == "console":
            self._console(block.code)
        elif block.language == "json":
            json.loads(block.code)
        elif block.language == "toml":
            self._toml(block.code)
        else:
            raise AssertionError(f"nobody runs a {block.language!r} block marked {block.mark!r}")

    def _is_run_by(self, name: str) -> None:
        runner = ROOT / name
        assert runner.is_file(), f"{name} does not exist"
        assert self._page.stem in runner.read_text(encoding="utf-8"), f"{name} does not name it"

    def _python(self, block: Block) -> None:
        out = io.StringIO()
        # Blank lines keep the line numbers of tracebacks those of the page.
        code = compile("\n" * block.line + block.code, str(self._page), "exec", dont_inherit=True)
        with contextlib.redirect_stdout(out):
            exec(code, self._module.__dict__)
        self._printed = out.getvalue()

    def _toml(self, code: str) -> None:
        if sys.version_info >= (3, 11):
            import tomllib

            tomllib.loads(code)

    # The shell

    def _console(self, code: str) -> None:
        for chunk in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
            command, _, expected = chunk.partition("\n")
            while command.endswith("\\"):
                more, _, expected = expected.partition("\n")
                command = f"{command[:-1].rstrip()} {more.lstrip()}"
            server = _SERVER.search(command)
            if server:
                self._serve(command, server[1])
            else:
                self._shell(command, expected)

    def _shell(self, command: str, expected: str) -> None:
        program = command.split()[0]
        assert shutil.which(program, path=_path()), f"{program} is not installed"
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {self._here(command)}"],
            cwd=self._folder,
            env={**os.environ, "PATH": _path()},
            capture_output=True,
            encoding="utf-8",
            timeout=_SECONDS,
        )
        printed = self._there(done.stdout.replace("\r\n", "\n"))
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert matches(expected, printed), f"{command} printed\n{printed}"

    def _serve(self, command: str, program: str) -> None:
        port = free_port()
        self._ports[_DEFAULT_PORTS[program]] = port
        served = f"exec env {command} {_PORT_OPTIONS[program].format(port)}"
        self._stack.enter_context(
            running(
                ["bash", "-c", served],
                cwd=self._folder,
                env={"PATH": _path(), "PYTHONPATH": ""},
                port=port,
            )
        )

    def _here(self, command: str) -> str:
        for usual, port in self._ports.items():
            command = re.sub(rf"(localhost|127\.0\.0\.1):{usual}\b", f"127.0.0.1:{port}", command)
        return command

    def _there(self, printed: str) -> str:
        for usual, port in self._ports.items():
            printed = printed.replace(f"127.0.0.1:{port}", f"127.0.0.1:{usual}")
        return printed


def matches(expected: str, printed: str) -> bool:
    """Whether what was printed is what the page shows, `...` standing for any text."""
    parts = (re.escape(part) for part in expected.strip().split("..."))
    return re.fullmatch(".*?".join(parts), printed.strip(), re.DOTALL) is not None


def _path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

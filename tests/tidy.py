"""The rules of the house: each is a function from one source to its complaints.

`test_tidy.py` calls them on every file, and on planted sources that each of them must refuse.
Where a rule is wrong for one file, say so in `ALLOWED`, with the reason.
"""

import ast
import io
import re
import sys
import tokenize
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parent.parent

# A package may import itself and what stands below it.  The roles stand side by side.
ROLES = {"partition", "coordinator", "router", "replication"}
BELOW: dict[str, set[str]] = {
    "items": set(),
    "network": {"items"},
    "partition": {"items", "network"},
    "coordinator": {"items", "network"},
    "router": {"items", "network"},
    "replication": {"items", "network"},
    "sim": {"items", "network"} | ROLES,
    "twophase": {"items", "network", "sim"} | ROLES,
}
BESIDE = {"tests", "benchmarks"}  # What no package imports.

# Modules (and packages) that compute and do nothing else.
PURE = (
    "items",
    "network.ids",
    "network.messages",
    "network.codec",
    "partition.record",
    "partition.rules",
    "partition.singletons",
    "partition.reads",
    "partition.scan",
    "partition.split",
    "partition.stream",
    "partition.replicas",
    "partition.options",
    "partition.machine",
    "router.policies",
    "router.policy_file",
)
IMPURE = {
    *("anyio", "asyncio", "concurrent", "contextvars", "datetime", "logging", "multiprocessing"),
    *("os", "random", "sched", "secrets", "select", "selectors", "shutil", "signal", "socket"),
    *("sqlite3", "ssl", "structlog", "subprocess", "tempfile", "threading", "time", "uuid"),
}

# Our own modules that deal with time, chance or the world, whatever they import.
SHELLS = {
    *("network.host", "network.rpc", "network.lossy", "partition.sqlite"),
    *("partition.server", "coordinator.server", "router.http"),
}

# What is not called outside of the files in ALLOWED, and what is used instead.
CHANCE = "draw by name from `Chance` (network/host.py)"
MINTED = "mint ids (network/ids.py)"
IN_ORDER = "`ask_all`: await everyone, in the order asked"
CLOCK = "ask the host's `Clock` (network/host.py)"
SPAWN = "`spawn` (network/host.py) numbers and names the task"
BANNED = {
    "random": CHANCE,
    "secrets": CHANCE,
    "os.urandom": CHANCE,
    "uuid.uuid1": MINTED,
    "uuid.uuid4": MINTED,
    "time": CLOCK,
    "datetime.date.today": CLOCK,
    "datetime.datetime.now": CLOCK,
    "datetime.datetime.today": CLOCK,
    "datetime.datetime.utcnow": CLOCK,
    "asyncio.create_task": SPAWN,
    "asyncio.ensure_future": SPAWN,
    "asyncio.TaskGroup": IN_ORDER,
    "asyncio.as_completed": IN_ORDER,
    "asyncio.gather": IN_ORDER,
    "asyncio.wait": IN_ORDER,
    "hash": "`keys.placement_hash`: it is the same in every process",
    "id": f"an address differs from run to run; {MINTED}",
    "print": "log an event, or `click.echo` on the command line",
}
METHODS = {"create_task": "asyncio.create_task", "ensure_future": "asyncio.ensure_future"}

# (files, what, why).
SETS = "set iteration"
ALLOWED: tuple[tuple[str, str, str], ...] = (
    ("network/host.py", "asyncio.create_task", "`spawn` is here, and nowhere else"),
    ("network/host.py", "time", "the real clock is here"),
    ("network/host.py", "random", "real chance is here"),
    ("sim/loop.py", "asyncio.create_task", "it is the loop that makes the tasks"),
    ("twophase/local/connection.py", "asyncio.create_task", "a request from outside has its own"),
    ("sim/search/*.py", "time", "how long a search may take is wall time; no run sees it"),
    ("twophase/local/world.py", "time", "a served cluster's clock is here"),
    ("twophase/local/world.py", "os.urandom", "and the seed that nobody asked for"),
    ("twophase/cli/*.py", "time", "people are told how long it took"),
)

# The sections of 'Distributed Transactions at Scale in Amazon DynamoDB'.
PAPER = {
    *("1", "2", "2.1", "2.2", "2.3", "3", "3.1", "3.2", "3.3", "3.4", "3.5", "4"),
    *("5", "5.1", "5.2", "5.3", "5.4", "6", "7"),
}
PARAGRAPHS = 7  # §4 has no subsections: its seven headed paragraphs are counted.
LISTINGS = 4

FUNCTION_LINES_MAX = 70

Complaints = list[str]


@dataclass(frozen=True)
class Source:
    """One Python file: `path` is from the root, with slashes, as in 'partition/rules.py'."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def package(self) -> str:
        return self.path.partition("/")[0]

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def at(self, line: int, complaint: str) -> str:
        return f"{self.path}:{line}: {complaint}"

    def allows(self, what: str) -> bool:
        return any(fnmatch(self.path, files) and what == ban for files, ban, _ in ALLOWED)


Rule = Callable[[Source], Complaints]


# Imports.


def imports_only_go_down(source: Source) -> Complaints:
    """A package knows what stands below it; the roles meet in `network/messages.py`."""
    package = source.package
    refused = (set(BELOW) | BESIDE) - BELOW[package] - {package}
    complaints = []
    for line, name in _imported(source.tree):
        top = name.partition(".")[0]
        if top in refused and {top, package} <= ROLES:
            complaints.append(
                source.at(line, f"{package} imports {top}: roles meet in network/messages.py")
            )
        elif top in refused:
            complaints.append(source.at(line, f"{package} imports {top}, but imports only go down"))
    return complaints


def pure_files_only_compute(source: Source, root: Path = ROOT) -> Complaints:
    """No clock, loop, chance, logger, file or socket in a pure file, at second hand neither."""
    if not _within(PURE, source.module):
        return []
    complaints = []
    for line, name in _imported(source.tree):
        if (way := _way_out(name, root, set())) is not None:
            complaint = f"{source.path} is pure and imports {' → '.join(way)}"
            complaints.append(source.at(line, complaint))
    complaints += [
        source.at(node.lineno, f"{source.path} is pure and calls {node.id}")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and node.id in {"open", "input"}
    ]
    return complaints


def _way_out(name: str, root: Path, seen: set[Path]) -> list[str] | None:
    """Follow an import through our own modules to one that is not pure, if there is one."""
    if _within(IMPURE, name) or _within(SHELLS, name):
        return [name]
    if name.partition(".")[0] not in BELOW:
        return None
    module = root.joinpath(*name.split("."))
    files = (module.with_suffix(".py"), module.parent.with_suffix(".py"))
    file = next((file for file in files if file.is_file()), None)
    if file is None or file in seen:
        return None
    seen.add(file)
    for imported in _imported_by(file):
        if (way := _way_out(imported, root, seen)) is not None:
            return [name, *way]
    return None


@cache
def _imported_by(file: Path) -> tuple[str, ...]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return tuple(name for _, name in _imported(tree))


def imports_are_declared(source: Source) -> Complaints:
    """`make demo` installs what running needs, and nothing of what developing needs."""
    known = sys.stdlib_module_names | set(BELOW) | _declared()
    return [
        source.at(line, f"{name} comes from no dependency that pyproject.toml names")
        for line, name in _imported(source.tree)
        if name.partition(".")[0] not in known | BESIDE  # Another rule speaks of those.
    ]


def imports_are_absolute(source: Source) -> Complaints:
    return [
        source.at(node.lineno, "relative import: write the whole name")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.level > 0
    ]


def annotations_are_real(source: Source) -> Complaints:
    """The codec reads annotations at run time: what they name must be there."""
    complaints = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            complaints.append(source.at(node.lineno, "nothing here needs `from __future__`"))
        if isinstance(node, ast.alias | ast.Attribute) and "TYPE_CHECKING" in ast.unparse(node):
            complaints.append(source.at(node.lineno, "no TYPE_CHECKING: import it, or move it"))
    return complaints


def _imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _within(modules: Iterable[str], name: str) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


@cache
def _declared() -> frozenset[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project.get("optional-dependencies", {})
    requirements = list(project["dependencies"])
    requirements += [one for name in extras if name != "dev" for one in extras[name]]
    return frozenset(re.split(r"[^\w-]", one)[0].replace("-", "_") for one in requirements)


# Calls.


def banned_calls_have_a_replacement(source: Source) -> Complaints:
    """Chance, time, ids and tasks come from one place each, or two runs of a seed differ."""
    origins = _origins(source.tree)
    in_hash = {
        id(node)
        for function in ast.walk(source.tree)
        if isinstance(function, ast.FunctionDef) and function.name == "__hash__"
        for node in ast.walk(function)
    }
    found: dict[tuple[int, str], str] = {}  # An attribute and its own base are found once.
    for node in ast.walk(source.tree):
        ban = _ban(node, origins)
        if ban is None or source.allows(ban) or (ban == "hash" and id(node) in in_hash):
            continue
        line = getattr(node, "lineno", 0)
        found[line, ban] = source.at(line, f"{ban} is banned: {BANNED[ban]}")
    return [found[place] for place in sorted(found)]


def packed_bytes_are_the_same_each_second(source: Source) -> Complaints:
    """Of gzip the time is a part, and a test is named after its bytes: each worker had another."""
    origins = _origins(source.tree)
    return [
        source.at(node.lineno, "gzip.compress writes the time: give it `mtime=0`")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and _dotted(node.func, origins) == "gzip.compress"
        and not any(keyword.arg == "mtime" for keyword in node.keywords)
    ]


def _origins(tree: ast.Module) -> dict[str, str]:
    """Say for each imported name where it comes from: `monotonic` is `time.monotonic`."""
    origins = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                origins[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                origins[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return origins


def _ban(node: ast.AST, origins: dict[str, str]) -> str | None:
    if isinstance(node, ast.Attribute) and node.attr in METHODS:
        return METHODS[node.attr]
    if not isinstance(node, ast.Attribute | ast.Name) or not isinstance(node.ctx, ast.Load):
        return None
    name = _dotted(node, origins)
    return next((ban for ban in BANNED if name is not None and _within([ban], name)), None)


def _dotted(node: ast.expr, origins: dict[str, str]) -> str | None:
    if isinstance(node, ast.Attribute):
        base = _dotted(node.value, origins)
        return None if base is None else f"{base}.{node.attr}"
    if not isinstance(node, ast.Name):
        return None
    # A name that was not imported is a builtin or a variable: `time` may be an argument.
    return origins.get(node.id, node.id if node.id in {"hash", "id", "print"} else None)


# Sets.  Their order changes from process to process, so nothing may come of it.

MAKES_A_SET = {"union", "intersection", "difference", "symmetric_difference"}
FORGETS_ORDER = {"sorted", "set", "frozenset", "any", "all", "sum", "len", "min", "max"}
KEEPS_ORDER = {"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "join", "fromkeys"}
COMBINES_SETS = ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor
SET_TYPES = {"set", "frozenset", "Set", "AbstractSet", "MutableSet"}


def sets_are_sorted_before_they_are_walked(source: Source) -> Complaints:
    """Find what walks a set: a literal, a call, or a name that the same function made one."""
    if source.allows(SETS):
        return []
    parents = {
        child: parent for parent in ast.walk(source.tree) for child in ast.iter_child_nodes(parent)
    }
    attributes = {f"self.{name}" for name in _annotated_sets(source.tree)}
    outside, _ = _names_of_sets(_outside(source.tree))
    lines: set[int] = set()
    for scope in (source.tree, *_functions(source.tree)):
        nodes = list(_outside(scope) if scope is source.tree else ast.walk(scope))
        sets, others = _names_of_sets(nodes)
        names = (outside - others) | sets | attributes
        for node in nodes:
            if any(_is_set(walked, names) for walked in _walked(node, parents)):
                lines.add(getattr(node, "lineno", getattr(parents.get(node), "lineno", 0)))
    return [
        source.at(line, "a set's order differs from process to process: sort it, or use a dict")
        for line in sorted(lines)
    ]


def _walked(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> list[ast.expr]:
    """Name the expressions whose order this node passes on."""
    parent = parents.get(node)
    forgotten = isinstance(parent, ast.Call) and _called(parent) in FORGETS_ORDER
    match node:
        case ast.For() | ast.AsyncFor():
            return [node.iter]
        case ast.ListComp() | ast.GeneratorExp() | ast.DictComp() if not forgotten:
            return [generator.iter for generator in node.generators]
        case ast.Call() if not forgotten and _called(node) in KEEPS_ORDER:
            return node.args
        case ast.Call(func=ast.Attribute(attr="pop", value=owner), args=[]):
            return [owner]  # Takes any one.
        case ast.Starred() if not forgotten and not isinstance(parent, ast.Set):
            return [node.value]
    return []


def _is_set(node: ast.expr, names: set[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in MAKES_A_SET
        case ast.Call(func=ast.Name(id=name)):
            return name in {"set", "frozenset"}
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, COMBINES_SETS):
            return any(_is_set(side, names) or _is_keys(side) for side in (left, right))
        case ast.IfExp(body=body, orelse=orelse):
            return _is_set(body, names) or _is_set(orelse, names)
        case ast.Name() | ast.Attribute():
            return ast.unparse(node) in names
        case _:
            return False


def _is_keys(node: ast.expr) -> bool:
    """`a.keys()` has an order, but `a.keys() - b` has none."""
    return isinstance(node, ast.Call) and _called(node) == "keys" and not node.args


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _names_of_sets(nodes: Iterable[ast.AST]) -> tuple[set[str], set[str]]:
    """Part the names that these nodes bind: only ever to sets, and also to something else."""
    sets, others = set[str](), set[str]()
    for node in nodes:
        match node:
            case ast.arg(arg=name, annotation=annotation):
                is_set = annotation is not None and _is_set_type(annotation)
                (sets if is_set else others).add(name)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                (sets if _is_set_type(annotation) else others).add(name)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                (sets if _is_set(value, sets) else others).add(name)
            case ast.For(target=target) | ast.comprehension(target=target):
                others |= {name.id for name in ast.walk(target) if isinstance(name, ast.Name)}
            case _:
                pass
    return sets - others, others


def _annotated_sets(tree: ast.Module) -> set[str]:
    """Find the attributes that are annotated as sets: `self.waiting: set[str]`, or in a class."""
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(target=ast.Attribute(attr=name), annotation=annotation):
                if _is_set_type(annotation):
                    names.add(name)
            case ast.ClassDef(body=body):
                for line in body:
                    if isinstance(line, ast.AnnAssign) and _is_set_type(line.annotation):
                        names.add(ast.unparse(line.target))
            case _:
                pass
    return names


def _is_set_type(annotation: ast.expr) -> bool:
    match annotation:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _is_set_type(left) or _is_set_type(right)
        case ast.Subscript(value=value):
            return _is_set_type(value)
        case _:
            return ast.unparse(annotation).rpartition(".")[2] in SET_TYPES


def _functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """List the functions that stand in no other: these share their names with what is in them."""
    return [n for n in _outside(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def _outside(node: ast.AST) -> Iterator[ast.AST]:
    """Walk what is in no function; a function itself is met, its inside is not."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
        else:
            yield from _outside(child)


# Size and words.


def functions_fit_on_a_screen(source: Source) -> Complaints:
    complaints = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                complaint = f"{node.name} has {lines} lines, {FUNCTION_LINES_MAX} is the wall"
                complaints.append(source.at(node.lineno, complaint))
    return complaints


def modules_say_what_they_are(source: Source) -> Complaints:
    """The first line of a module says what it is; a package's gives its reading order."""
    return [] if ast.get_docstring(source.tree) else [source.at(1, "no module docstring")]


def todos_name_their_issue(source: Source) -> Complaints:
    return [
        source.at(line, f"{mark}: write `TODO(#12): …`, with the number of an issue")
        for line, text in _prose(source)
        for mark in re.findall(r"\b(?:TODO(?!\(#\d+\): )|FIXME|XXX)\b", text)
    ]


def citations_are_in_the_paper(source: Source) -> Complaints:
    """`§3.3`, `§4 ¶2` and `Listing 3` name places that the paper has."""
    complaints = []
    for line, text in _prose(source):
        ours = re.sub(r"\b(?:RFC|IEEE|ISO)\s?[\d-]+,?\s§[\d.]+", "", text)  # Those have their own.
        wrong = [
            f"§{section}"
            for cited in re.findall(r"§\s?([\d.]+\d|\d)(?:[-–]§?([\d.]+\d|\d))?", ours)
            for section in cited
            if section and section not in PAPER
        ]
        wrong += [f"§{n} ¶" for n in re.findall(r"§([\d.]+)\s?¶", ours) if n != "4"]
        wrong += [f"¶{n}" for n in re.findall(r"¶(\d+)", ours) if not 1 <= int(n) <= PARAGRAPHS]
        for listings in re.findall(r"\bListings?\s+(\d+(?:(?:,\s|\sand\s|\sto\s|[-–])\d+)*)", ours):
            numbers = (int(number) for number in re.findall(r"\d+", listings))
            wrong += [f"Listing {n}" for n in numbers if not 1 <= n <= LISTINGS]
        complaints += [source.at(line, f"the paper has no {place}") for place in wrong]
    return complaints


def _prose(source: Source) -> Iterator[tuple[int, str]]:
    """Read comments and docstrings, line by line."""
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(source.tree):
        documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            first = node.body[0].lineno
            lines = (ast.get_docstring(node, clean=False) or "").splitlines()
            yield from enumerate(lines, start=first)


# Files of any kind.

LOCKS = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "package-lock.json", "yarn.lock"}
PINS = ("constraints*.txt", "requirements*.txt", "*.lock", "pylock*.toml", "pip.conf")
MACHINE_PATH = re.compile(r"(?<![\w.~])(?:/(?:work|root)/|/(?:home|Users)/\w|[A-Z]:\\Users\\)")


def versions_are_pinned_without_addresses(path: str, text: str) -> Complaints:
    """A lock file with download addresses works in one place only; constraints work anywhere."""
    name = path.rpartition("/")[2]
    if name in LOCKS:
        return [f"{path}: records download addresses; constraints.txt has the versions"]
    if not any(fnmatch(name, pattern) for pattern in PINS):
        return []
    return [
        f"{path}:{number}: an address, where a version is enough"
        for number, line in enumerate(text.splitlines(), start=1)
        if "://" in line or re.match(r"\s*(?:--|-[if]\b)|\s*index-url", line)
    ]


def no_path_of_one_machine(path: str, text: str) -> Complaints:
    return [
        f"{path}:{number}: a path of one machine: {found.group()}"
        for number, line in enumerate(text.splitlines(), start=1)
        if (found := MACHINE_PATH.search(line))
    ]

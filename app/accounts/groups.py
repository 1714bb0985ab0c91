"""Which group of the OpenID provider is which role here: a file, checked before anybody is served.

groups:
  - group: den-duong
    role: handler
    department: tt_ql_gt_htkt
  - group: dieu-phoi-niem-phong
    role: coordinator
    cleared: true
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from app.accounts.service import NEEDS_DEPARTMENT
from models.vocabulary import Role
from routing.source import Block, Problems, read_yaml


@dataclass(frozen=True)
class Post:
    """What somebody is here by a group."""

    group: str
    role: Role
    department_id: str | None
    cleared: bool


def read_posts(file: Path, departments: Collection[str]) -> tuple[Post, ...]:
    """Return the posts in written order; raise `CityDataError` naming every mistake with file and line."""
    problems = Problems()
    page = read_yaml(file.parent, file.name, problems)
    page.only("groups")
    posts = [_post(block, departments) for block in page.blocks("groups")]
    if not posts and not problems.found:
        problems.add(f"{file.name}:1", "'groups' names no group: nobody could come in")
    problems.refuse()
    return tuple(post for post in posts if post is not None)


def _post(block: Block, departments: Collection[str]) -> Post | None:
    block.only("group", "role", "department", "cleared")
    group, role, department = block.text("group"), block.text("role"), block.text_or_none("department")
    if role not in set(Role):
        block.wrong(f"there is no role {role!r}; known: {', '.join(Role)}")
        return None
    known = Role(role)
    if known in NEEDS_DEPARTMENT and department not in departments:
        block.wrong(f"role {role} needs a department of this city, not {department!r}")
    if known not in NEEDS_DEPARTMENT and department is not None:
        block.wrong(f"role {role} has no department")
    cleared = block.truth("cleared") if block.has("cleared") else False
    if cleared and known is not Role.COORDINATOR:
        block.wrong("only a coordinator can be cleared")
    return Post(group, known, department, cleared)


def post_for(posts: tuple[Post, ...], groups: Collection[str]) -> Post | None:
    """Return the first post of the file whose group somebody is in."""
    return next((post for post in posts if post.group in groups), None)

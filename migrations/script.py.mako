"""${message}

It is very important that a migration does not hold a lock for long: people are filing reports meanwhile. Add columns
nullable, fill them in batches, add constraints NOT VALID first. `lock_timeout` is 4 s: past it the migration gives up
and the site stays up. The previous release's code must still work on the new schema.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision: str = ${repr(up_revision)}
down_revision: str | Sequence[str] | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = ${repr(branch_labels)}
depends_on: str | Sequence[str] | None = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}

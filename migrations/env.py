"""Alembic's entry: migrate with the engine of the app, so that its pragmas hold here too."""

from alembic import context

from app.store.engine import make_engine
from app.store.models import Base


def run() -> None:
    """Run the migrations that are asked for on a live connection."""
    url = context.config.get_main_option("sqlalchemy.url")
    if not url:
        raise SystemExit("No database URL: run `vapic migrate`.")
    engine = make_engine(url, create=True)
    with engine.execution_options(writes=True).connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            autogenerate_plugins=["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()

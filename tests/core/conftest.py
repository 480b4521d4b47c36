from pathlib import Path

import pytest

from app.core.filters import vocabulary_of
from app.core.knowledge import Knowledge
from app.core.views import view_cells
from app.curation.seed import check_seed

SEED = Path(__file__).parents[2] / "seed"


@pytest.fixture(scope="session")
def knowledge():
    """Everything that the real seed knows."""
    return Knowledge.of(entry.fact for entry in check_seed(SEED))


@pytest.fixture(scope="session")
def views(knowledge):
    """Every cell of the real seed, judged."""
    return view_cells(knowledge)


@pytest.fixture(scope="session")
def vocabulary(knowledge):
    """The filter words of the real seed."""
    return vocabulary_of(knowledge)

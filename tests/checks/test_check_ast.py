import pytest

SERVICE = "services/trading-svc/src/trading_svc/orders/service.py"
REPOSITORY = "services/trading-svc/src/trading_svc/orders/repository.py"
MODELS = "services/trading-svc/src/trading_svc/orders/models.py"
KIT = "shared/src/tht_kit/"

BAD = [
    ("THT001", SERVICE, "async def f(session):\n    await session.commit()\n"),
    ("THT002", SERVICE, "from datetime import datetime, UTC\nnow = datetime.now(UTC)\n"),
    ("THT002", SERVICE, "import datetime as dt\nnow = dt.datetime.utcnow()\n"),
    ("THT002", SERVICE, "from datetime import date\nday = date.today()\n"),
    ("THT002", SERVICE, "import time\nnow = time.time()\n"),
    ("THT003", SERVICE, "from uuid import uuid4\nid = uuid4()\n"),
    ("THT003", SERVICE, "import uuid\nid = uuid.uuid1()\n"),
    ("THT004", SERVICE, "import asyncio\ndef f(c):\n    asyncio.create_task(c)\n"),
    ("THT004", SERVICE, "from asyncio import ensure_future\ndef f(c):\n    ensure_future(c)\n"),
    ("THT004", SERVICE, "import asyncio\nasyncio.get_running_loop().create_task(1)\n"),
    ("THT005", SERVICE, "from sqlalchemy import select\nq = select(1)\n"),
    ("THT005", SERVICE, "import sqlalchemy as sa\nq = sa.text('SELECT 1')\n"),
    ("THT005", MODELS, "from sqlalchemy.dialects.postgresql import insert\nq = insert(1)\n"),
    ("THT007", SERVICE, "from fastapi import Depends\nx = Depends(write_session)\n"),
    ("THT007", SERVICE, "import fastapi\nx = fastapi.Depends(read_session, scope='request')\n"),
    ("THT008", SERVICE, "share = 0.05\n"),
    ("THT008", REPOSITORY, "def f(x):\n    return float(x)\n"),
    ("THT000", SERVICE, "from uuid import uuid4\nid = uuid4()  # tht: allow THT003\n"),
    ("THT000", SERVICE, "x = 1  # tht: allow THT003 nothing of the kind here\n"),
]

GOOD = [
    (KIT + "db.py", "async def f(session):\n    await session.commit()\n"),
    (KIT + "bus_kafka.py", "async def f(consumer, offsets):\n    await consumer.commit(offsets)\n"),
    (KIT + "clock.py", "from datetime import datetime, UTC\nnow = datetime.now(UTC)\n"),
    (SERVICE, "import time\nstarted = time.monotonic()\n"),
    (SERVICE, "class Clock:\n    def now(self): ...\nnow = Clock().now()\n"),
    (KIT + "ids.py", "from uuid import uuid4\nid = uuid4()\n"),
    (KIT + "supervisor.py", "import asyncio\ndef f(c):\n    asyncio.create_task(c)\n"),
    (
        SERVICE,
        "import asyncio\nasync def f():\n    async with asyncio.TaskGroup():\n        pass\n",
    ),
    (REPOSITORY, "from sqlalchemy import select\nq = select(1)\n"),
    (
        REPOSITORY.replace("repository", "match_repository"),
        "import sqlalchemy as sa\nsa.insert(1)\n",
    ),
    (KIT + "outbox.py", "import sqlalchemy as sa\nq = sa.insert(1)\n"),
    (MODELS, "import sqlalchemy as sa\nwhere = sa.text('published_at IS NULL')\n"),
    (SERVICE, "def select(rows): ...\nselect([])\n"),
    (
        KIT + "sessions.py",
        "from fastapi import Depends\nDepends(write_session, scope='function')\n",
    ),
    (SERVICE, "from decimal import Decimal\nshare = Decimal('0.05')\ncount = 5\n"),
    (SERVICE.replace("trading", "registry"), "latitude = 29.5\n"),
    (
        SERVICE,
        "from uuid import uuid4\nid = uuid4()  # tht: allow THT003 the partner's API asks for v4\n",
    ),
]


def codes(script, tmp_path, files):
    return [finding.code for finding in script("check_ast").check(files, tmp_path)]


@pytest.mark.parametrize("case", BAD)
def test_each_rule_finds_its_case(script, write, tmp_path, case):
    code, path, text = case
    assert codes(script, tmp_path, [write(path, text)]) == [code]


@pytest.mark.parametrize("case", GOOD)
def test_what_is_allowed_passes(script, write, tmp_path, case):
    path, text = case
    assert codes(script, tmp_path, [write(path, text)]) == []


ENDPOINTS = """
router = APIRouter()

@router.get("/orders", response_model=Page[OrderRow])
async def list_orders(): ...

@router.post("/orders")
async def buy(body: Buy) -> "OrderAnswer": ...
"""

SCHEMAS = """
class Buy(BaseModel):
    quantity_t: int
    note: str | None = None

class Money(BaseModel):
    fen: int = Field(default=0)

class Base(BaseModel):
    state: str = "open"

class OrderAnswer(Base):
    {field}
    price: Money

class OrderRow(BaseModel):
    rows: list[int] = Field(default_factory=list)
"""


def test_defaults_are_found_in_everything_an_answer_is_made_of(script, write, tmp_path):
    folder = "services/trading-svc/src/trading_svc/orders/"
    files = [
        write(folder + "endpoints.py", ENDPOINTS),
        write(folder + "schemas.py", SCHEMAS.format(field="id: str")),
    ]

    findings = script("check_ast").check(files, tmp_path)

    assert {finding.message.split(" ")[0] for finding in findings} == {
        "Money.fen",
        "Base.state",
        "OrderRow.rows",
    }


@pytest.mark.parametrize(
    "field",
    ["id: str = Field(description='x')", "id: str = Field(...)", "kind: ClassVar[str] = 'order'"],
)
def test_an_answer_without_defaults_passes(script, write, tmp_path, field):
    folder = "services/trading-svc/src/trading_svc/orders/"
    schemas = f"class OrderAnswer(BaseModel):\n    {field}\n"
    files = [write(folder + "endpoints.py", ENDPOINTS), write(folder + "schemas.py", schemas)]

    assert codes(script, tmp_path, files) == []

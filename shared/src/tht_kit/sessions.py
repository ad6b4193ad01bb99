"""The request's database session as FastAPI dependencies.

`scope="function"` makes FastAPI leave the dependency, and so commit, before the answer is sent: a
commit that fails reaches the client as an error.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.db import AsyncReadSession, Database


async def write_session(request: Request) -> AsyncIterator[AsyncSession]:
    database: Database = request.app.state.container.database
    async with database.write() as session:
        yield session


async def read_session(request: Request) -> AsyncIterator[AsyncReadSession]:
    database: Database = request.app.state.container.database
    async with database.read() as session:
        yield session


WriteSession = Annotated[AsyncSession, Depends(write_session, scope="function")]
ReadSession = Annotated[AsyncReadSession, Depends(read_session, scope="function")]

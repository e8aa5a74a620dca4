"""quart-trio: the same app on trio."""

from __future__ import annotations

import trio
from frameworks.apps.quart_app import extended, make, make_function
from frameworks.resources import Site, variants
from quart_trio import QuartTrio


async def pause() -> None:
    await trio.lowlevel.checkpoint()


app = Site(
    variants(
        extended(make(QuartTrio, pause)),
        bare=make(QuartTrio, pause),
        function=extended(make_function(QuartTrio, pause)),
    )
)

"""Money in one place: the budgets, what the database knows of them, who is told. Loaded with the store."""

from collections.abc import Callable

from gateway.budgets import Budgets
from gateway.budgets_courier import Courier
from gateway.budgets_following import Following
from gateway.keeping import Keeping
from gateway.settings import Settings


class Spending:
    """Of one worker."""

    __slots__ = ("_following", "budgets", "courier")

    def __init__(self, settings: Settings, keeping: Keeping, calendar: Callable[[], float]) -> None:
        self.courier = Courier(settings.budgets.webhook, keeping.journal)
        self.budgets = Budgets(calendar, self.courier.tell)
        self._following = Following(self.budgets, keeping.database, keeping.journal)

    async def open(self, patience: float) -> None:
        """Take in what was spent before the start, waiting so many seconds for that."""
        await self._following.open(patience)

    async def look(self) -> None:
        """Take in what others have spent meanwhile."""
        await self._following.look()

    def settle(self, settings: Settings) -> None:
        """Tell who these settings name."""
        self.courier.url = settings.budgets.webhook

    async def close(self) -> None:
        """Say what has not been said yet."""
        await self._following.close()
        await self.courier.close()

"""The first half in Python, with lynk: ../ship.ts goes on with its lock as with that of ../pick.ts."""
import os

from lynk import get_session

locks = get_session(os.environ["LYNK_TABLE_NAME"])


def pick(order_id):
    """Stands for work that takes less than the lease."""


def handler(event, context):
    order_id = event["orderId"]
    # lynk's own refreshing may come between with a new version, which the ticket does not have.
    lock = locks.create_lock(f"order/{order_id}", auto_refresh=False)
    lock.acquire(lease_duration=60, max_wait_seconds=20)
    try:
        pick(order_id)
        return {"orderId": order_id, "ticket": lock.serialize()}
    except BaseException:
        lock.release()
        raise
